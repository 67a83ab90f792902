/* SPDX-License-Identifier: MIT */
/* All steps as a list, of which only the rows that are seen exist. */
"use strict";

const Ops = (() => {
	const { element, number, plural, shown } = Dom;
	const high = 24, run = Data.run;
	let holder, inner, count, stack, rows = [], chosen = null, current = -1, wanted = "", only = "", onPick = () => {};

	function name(step) {
		return run.points[step] || run.calls[run.call[step]];
	}

	function fileOf(step) {
		const from = run.file[step] >= 0 ? run.files[run.file[step]] || "." : "";

		return run.to[step] >= 0 ? from + " \u2192 " + run.files[run.to[step]] : from;
	}

	function range(step) {
		if (Data.kinds[run.kind[step]] === "ack" || run.bytes[step] < 0)
			return "";
		const bytes = number(run.bytes[step]) + " B";

		return run.offset[step] >= 0 ? bytes + " at " + number(run.offset[step]) : bytes;
	}

	function line(step) {
		const kind = Data.kinds[run.kind[step]];

		if (kind === "ack")
			return "acknowledged " + (run.texts[step] || plural(run.bytes[step], "byte"));
		return [name(step), fileOf(step), range(step)].filter((part) => part).join(" \u00b7 ");
	}

	/* What became of a step in the state that is shown. */
	function fate(step) {
		if (!chosen)
			return "";
		if (step > chosen.step)
			return "later";
		if (chosen.lost[step])
			return chosen.lost[step] === 2 ? "lost in part" : "lost";
		const durable = Timeline.durableAt(step);

		if (durable === -2)
			return "";
		return durable >= 0 && durable <= chosen.step ? "durable" : "survived";
	}

	function siteOf(step) {
		const frames = run.stack[step] >= 0 ? run.stacks[run.stack[step]] : [];
		const frame = frames.length ? run.frames[frames[0]] : "";

		return frame ? frame.split("\n")[0] : "";
	}

	/* ---------------------------------------------------------------- rows */

	/* Whether a step's words have a text, which is in lower case. */
	function has(step, text) {
		return name(step).toLowerCase().includes(text) || fileOf(step).toLowerCase().includes(text) ||
			siteOf(step).toLowerCase().includes(text) || (run.texts[step] || "").toLowerCase().includes(text);
	}

	function select() {
		const text = wanted.toLowerCase();

		rows = [];
		for (let step = 0; step < run.count; step++) {
			if (only === "lost" && !(chosen && chosen.lost[step]))
				continue;
			if (only && only !== "lost" && Data.kinds[run.kind[step]] !== only)
				continue;
			if (text && !has(step, text))
				continue;
			rows.push(step);
		}
		count.textContent = plural(rows.length, "step");
		inner.style.height = rows.length * high + "px";
		draw();
	}

	function row(at) {
		const step = rows[at], what = fate(step);
		const made = element("div", { class: "op-row " + what.replace(/ /g, "-") + (step === current ? " current" : ""),
			role: "option", "aria-selected": String(step === current), onclick: () => pick(step) },
		element("span", { class: "n" }, number(step + 1)),
		element("span", { class: "fate" }, what),
		element("span", { class: "name" }, Data.kinds[run.kind[step]] === "ack" ? "acknowledged" : name(step)),
		element("span", { class: "file" }, Data.kinds[run.kind[step]] === "ack" ? run.texts[step] || "" : fileOf(step)),
		element("span", { class: "range" }, range(step)),
		element("span", { class: "site" }, siteOf(step)));

		made.style.top = at * high + "px";
		return made;
	}

	function draw() {
		if (!holder || !holder.clientHeight)
			return;
		const from = Math.max(0, Math.floor(holder.scrollTop / high) - 4);
		const to = Math.min(rows.length, from + Math.ceil(holder.clientHeight / high) + 8), made = [];

		for (let at = from; at < to; at++)
			made.push(row(at));
		inner.replaceChildren(...made);
	}

	function showStack(step) {
		const frames = step >= 0 && run.stack[step] >= 0 ? run.stacks[run.stack[step]] : [];

		stack.replaceChildren(...frames.map((frame) => {
			const [functionName, where] = (run.frames[frame] || "?").split("\n");

			return element("li", null, element("bdi", null, functionName), " ",
				element("span", { class: "where" }, where || ""));
		}));
		stack.hidden = !frames.length;
	}

	function pick(step) {
		current = step;
		showStack(step);
		draw();
		onPick(step);
	}

	/* Brings a step into sight. */
	function show(step) {
		current = step;
		showStack(step);
		let at = rows.indexOf(step);

		if (at < 0 && (wanted || only)) {
			wanted = only = "";
			holder.parentNode.querySelector("input").value = "";
			holder.parentNode.querySelector("select").value = "";
			select();
			at = rows.indexOf(step);
		}
		if (at >= 0)
			holder.scrollTop = Math.max(0, at * high - holder.clientHeight / 2);
		draw();
	}

	function onKey(event) {
		const at = rows.indexOf(current);
		const acts = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

		if (!acts[event.key])
			return;
		event.preventDefault();
		const next = rows[Math.max(0, Math.min(rows.length - 1, at + acts[event.key]))];

		if (next !== undefined) {
			show(next);
			onPick(next);
		}
	}

	function begin(section, picked) {
		const kinds = [["", "all steps"], ["lost", "lost"], ["write", "writes"], ["sync", "syncs"],
			["rename", "renames"], ["ack", "acknowledged"]];

		onPick = picked;
		count = element("span", { class: "count" });
		inner = element("div", { class: "inner" });
		stack = element("ol", { class: "stack", hidden: true });
		holder = element("div", { class: "ops-list", tabindex: "0", role: "listbox", "aria-label": "steps of the run",
			onscroll: draw, onkeydown: onKey }, inner);
		section.append(element("details", { class: "steps", ontoggle: draw }, element("summary", null, "Steps"),
			element("div", { class: "controls" },
				element("input", { type: "search", placeholder: "name, file or function", "aria-label": "find steps",
					oninput: (event) => { wanted = event.target.value; select(); } }),
				element("select", { "aria-label": "which steps",
					onchange: (event) => { only = event.target.value; select(); } },
				...kinds.map(([value, label]) => element("option", { value }, label))), count),
			holder, stack));
		select();
	}

	function choose(state) {
		chosen = state;
		if (only === "lost")
			select();
		if (state)
			show(Math.max(0, Math.min(run.count - 1, state.step)));
	}

	return { begin, choose, line, name, redraw: draw, show };
})();
