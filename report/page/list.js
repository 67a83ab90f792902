/* SPDX-License-Identifier: MIT */
/* The index of findings, with filters; of its rows only those that are seen exist. */
"use strict";

const List = (() => {
	const { element, number, plural } = Dom;
	const high = 78, filters = { kind: "", models: "", files: "", site: "", text: "" };
	let holder, inner, count, rows = [], current = null, onPick = () => {};

	function valuesOf(finding, key) {
		const value = finding[key];

		return Array.isArray(value) ? value : value ? [value] : [];
	}

	function matches(finding) {
		for (const key of ["kind", "models", "files", "site"])
			if (filters[key] && !valuesOf(finding, key).includes(filters[key]))
				return false;
		return !filters.text || (finding.id + " " + finding.sentence + " " + valuesOf(finding, "files").join(" "))
			.toLowerCase().includes(filters.text.toLowerCase());
	}

	function row(at) {
		const finding = rows[at];
		const made = element("div", { class: "item" + (finding === current ? " current" : ""), role: "option",
			id: "item-" + finding.id, "aria-selected": String(finding === current), onclick: () => pick(finding) },
		element("span", { class: "line" }, element("span", { class: "kind" }, finding.kind),
			element("span", { class: "id" }, finding.id),
			element("span", { class: "times" }, finding.accepted ? "accepted" :
				finding.states !== undefined ? plural(finding.states, finding.faults ? "fault" : "state") : "")),
		element("span", { class: "sentence" }, finding.sentence));

		made.style.top = at * high + "px";
		return made;
	}

	function draw() {
		const from = Math.max(0, Math.floor(holder.scrollTop / high) - 2);
		const to = Math.min(rows.length, from + Math.ceil(holder.clientHeight / high) + 4), made = [];

		for (let at = from; at < to; at++)
			made.push(row(at));
		inner.replaceChildren(...made);
		if (current)
			holder.setAttribute("aria-activedescendant", "item-" + current.id);
	}

	function select() {
		rows = Data.findings.filter(matches);
		count.textContent = rows.length === Data.findings.length ? plural(rows.length, "finding") :
			number(rows.length) + " of " + plural(Data.findings.length, "finding");
		inner.style.height = rows.length * high + "px";
		holder.scrollTop = 0;
		draw();
		if (rows.length && !rows.includes(current))
			pick(rows[0], true);
	}

	function pick(finding, quietly) {
		current = finding;
		const at = rows.indexOf(finding);

		if (at >= 0 && (at * high < holder.scrollTop || (at + 1) * high > holder.scrollTop + holder.clientHeight))
			holder.scrollTop = Math.max(0, at * high - holder.clientHeight / 2 + high / 2);
		draw();
		onPick(finding, quietly);
	}

	function move(by) {
		const at = rows.indexOf(current);

		if (rows.length)
			pick(rows[Math.max(0, Math.min(rows.length - 1, at + by))]);
	}

	function onKey(event) {
		const acts = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 };

		if (!acts[event.key])
			return;
		event.preventDefault();
		move(acts[event.key]);
	}

	function choice(key, label) {
		const counts = new Map();

		for (const finding of Data.findings)
			for (const value of valuesOf(finding, key))
				counts.set(value, (counts.get(value) || 0) + 1);
		if (counts.size < 2)
			return null;
		const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 500);

		return element("select", { "aria-label": label, name: key, onchange: (event) => {
			filters[key] = event.target.value;
			select();
		} }, element("option", { value: "" }, label),
		...sorted.map(([value, times]) => element("option", { value }, value, " (" + times + ")")));
	}

	function begin(nav, picked) {
		onPick = picked;
		count = element("p", { class: "count", "aria-live": "polite" });
		inner = element("div", { class: "inner" });
		holder = element("div", { class: "items", tabindex: "0", role: "listbox", "aria-label": "findings",
			onscroll: draw, onkeydown: onKey }, inner);
		const search = element("input", { type: "search", placeholder: "find ( / )", "aria-label": "find findings",
			oninput: (event) => { filters.text = event.target.value; select(); } });
		const choices = [["kind", "any kind"], ["models", "any model"], ["files", "any file"], ["site", "any call site"]]
			.map(([key, label]) => choice(key, label)).filter((made) => made);

		nav.append(element("div", { class: "filters" }, search, ...choices), count, holder);
		nav.hidden = false;
		if (Data.findings.length < 4)
			nav.classList.add("few");
		holder.style.height = Math.min(Data.findings.length * high, 1e6) + "px";
		document.addEventListener("keydown", (event) => {
			if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey)
				return;
			if (event.key === "/") {
				event.preventDefault();
				search.focus();
			} else if (event.key === "j" || event.key === "k") {
				move(event.key === "j" ? 1 : -1);
			}
		});
		Dom.onResize(holder, draw);
		select();
	}

	function show(id) {
		const finding = Data.findings.find((one) => one.id === id);

		if (finding && finding !== current)
			pick(finding, true);
		return Boolean(finding);
	}

	return { begin, show };
})();
