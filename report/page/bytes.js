/* SPDX-License-Identifier: MIT */
/* Where two files differ: as bytes, and as text where they are text. */
"use strict";

const Bytes = (() => {
	const { element, hex, number, size } = Dom;

	function unhex(text) {
		const bytes = new Uint8Array(text.length / 2);

		for (let i = 0; i < bytes.length; i++)
			bytes[i] = parseInt(text.substr(2 * i, 2), 16);
		return bytes;
	}

	function character(byte) {
		return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "\u00b7";
	}

	/* One side of a row: hex digits and characters, those that differ marked. */
	function sideOf(bytes, others, from, width) {
		const digits = element("span", { class: "hex" }), text = element("span", { class: "chars" });

		for (let at = from; at < from + width;) {
			const differs = (i) => bytes[i] !== others[i];
			const start = at, different = differs(at);

			for (; at < from + width && differs(at) === different; at++)
				continue;
			let codes = "", letters = "";

			for (let i = start; i < at; i++) {
				codes += (i < bytes.length ? hex(bytes[i], 2) : "  ") + " ";
				letters += i < bytes.length ? character(bytes[i]) : " ";
			}
			digits.append(different ? element("b", null, codes) : codes);
			text.append(different ? element("b", null, letters) : letters);
		}
		return [digits, text];
	}

	function isSame(one, other, from, width) {
		for (let i = from; i < from + width; i++)
			if (one[i] !== other[i])
				return false;
		return true;
	}

	function row(kind, offset, cells) {
		return element("div", { class: "row " + kind }, element("span", { class: "at" }, hex(offset, 6)),
			...cells);
	}

	/* The same row again and again is one, and a line that says so. */
	function folded(rows) {
		const kept = [];

		for (let i = 0; i < rows.length; i++) {
			let same = i;

			while (same + 1 < rows.length && rows[same + 1].text === rows[i].text)
				same++;
			kept.push(rows[i].made);
			if (same > i + 2)
				kept.push(gap("the same " + number(same - i) + " times more"));
			else
				kept.push(...rows.slice(i + 1, same + 1).map((one) => one.made));
			i = same;
		}
		return kept;
	}

	/* Of a file that is in one of the trees alone there is nothing to compare. */
	function aloneRows(bytes, at, width) {
		const rows = [];

		for (let from = 0; from < bytes.length; from += width) {
			const cells = sideOf(bytes.subarray(0, Math.min(bytes.length, from + width)), bytes, from, width);

			rows.push({ made: row("", at + from, cells), text: cells[0].textContent });
		}
		return folded(rows);
	}

	function hunkRows(hunk, width, beside) {
		const complete = unhex(hunk.complete), state = unhex(hunk.state), rows = [];
		const end = Math.max(complete.length, state.length);

		const put = (kind, offset, cells) => rows.push({ made: row(kind, offset, cells),
			text: kind + cells.map((cell) => cell.textContent).join("|") });

		for (let from = 0; from < end; from += width) {
			const same = isSame(complete, state, from, width), offset = hunk.at + from;

			if (beside)
				put(same ? "same" : "both", offset,
					[...sideOf(complete, state, from, width), ...sideOf(state, complete, from, width)]);
			else if (same)
				put("same", offset, sideOf(state, complete, from, width));
			else {
				if (from < complete.length)
					put("old", offset, sideOf(complete, state, from, width));
				if (from < state.length)
					put("new", offset, sideOf(state, complete, from, width));
			}
		}
		return folded(rows);
	}

	function gap(text) {
		return element("div", { class: "gap" }, text || "\u22ef");
	}

	/* In which of the trees a file is alone; "": it is in both. */
	function aloneIn(file) {
		return file.status === "missing" ? "complete" : file.status === "extra" ? "state" : "";
	}

	function hexView(file, available) {
		const alone = aloneIn(file), beside = available > 1000 && !alone, width = available < 560 ? 8 : 16;
		const view = element("div", { class: "bytes" + (beside ? " beside" : ""), tabindex: "0", role: "group",
			"aria-label": "bytes that differ" });

		if (beside)
			view.append(element("div", { class: "row head" }, element("span", { class: "at" }, ""),
				element("span", { class: "hex" }, "complete"), element("span", { class: "chars" }, ""),
				element("span", { class: "hex" }, "this state"), element("span", { class: "chars" }, "")));
		file.hunks.forEach((hunk, i) => {
			const before = i && file.hunks[i - 1];

			if (i ? before.at + Math.max(before.complete.length, before.state.length) / 2 !== hunk.at : hunk.at)
				view.append(gap());
			view.append(...(alone ? aloneRows(unhex(hunk[alone]), hunk.at, width) : hunkRows(hunk, width, beside)));
		});
		if (file.cut)
			view.append(gap());
		return view;
	}

	/* ---------------------------------------------------------------- as text */

	function isText(file) {
		const good = (byte) => (byte >= 32 && byte < 127) || byte === 10 || byte === 9 || byte === 13 || byte >= 128;
		const zero = file.hunks.some((hunk) => /^(..)*00/.test(hunk.complete) || /^(..)*00/.test(hunk.state));

		return !zero && file.hunks.length > 0 && file.hunks.every((hunk) => (
			unhex(hunk.complete).every(good) && unhex(hunk.state).every(good)));
	}

	function linesOf(bytes) {
		return new TextDecoder().decode(bytes).split("\n");
	}

	/* What is common to two lists of lines, from both ends; the middle is what differs. */
	function textRows(hunk) {
		const one = linesOf(unhex(hunk.complete)), other = linesOf(unhex(hunk.state)), rows = [];
		let start = 0, end = 0;

		while (start < one.length && start < other.length && one[start] === other[start])
			start++;
		while (end < one.length - start && end < other.length - start &&
			one[one.length - 1 - end] === other[other.length - 1 - end])
			end++;
		const add = (kind, lines) => lines.forEach((line) => rows.push(
			element("div", { class: "row " + kind }, line || "\u00a0")));

		add("same", one.slice(0, start));
		add("old", one.slice(start, one.length - end));
		add("new", other.slice(start, other.length - end));
		add("same", one.slice(one.length - end));
		return rows;
	}

	function textView(file) {
		const view = element("div", { class: "bytes text", tabindex: "0", role: "group",
			"aria-label": "text that differs" });

		const alone = aloneIn(file);

		file.hunks.forEach((hunk, i) => {
			if (i || hunk.at)
				view.append(gap());
			view.append(...(alone ? linesOf(unhex(hunk[alone])).map((line) => (
				element("div", { class: "row" }, line || "\u00a0"))) : textRows(hunk)));
		});
		if (file.cut)
			view.append(gap());
		return view;
	}

	/* ---------------------------------------------------------------- a file */

	function mapOf(file) {
		const map = element("div", { class: "map", "aria-hidden": "true" });

		for (const cell of file.map)
			map.append(element("i", { class: cell === "#" ? "on" : "" }));
		return map;
	}

	function sentence(file) {
		const alone = aloneIn(file);
		const where = file.differ === 1 ? " at " + number(file.first) :
			" between " + number(file.first) + " and " + number(file.last);
		let text = !file.differ ? "" :
			alone ? size(file.differ) + (alone === "state" ? ", only in this state" : ", not there in this state") :
				size(file.differ) + (file.differ === 1 ? " differs," : " differ,") + where;

		if (file.cut)
			text += "; the first of them are shown";
		if (file.unread)
			text += "; " + size(file.unread) + " were not compared";
		if (file.error)
			text += "; " + file.error;
		return text;
	}

	/* Fills an element with the difference, when it is first seen. */
	function show(file, into) {
		const text = isText(file);
		let mode = text ? "text" : "hex";
		const body = element("div");
		const draw = () => body.replaceChildren(mode === "text" ? textView(file) : hexView(file, body.clientWidth));
		const choice = ["text", "hex"].map((name) => element("button", { type: "button",
			"aria-pressed": String(name === mode), onclick: (event) => {
				mode = name;
				for (const button of event.target.parentNode.children)
					button.setAttribute("aria-pressed", String(button === event.target));
				draw();
			} }, name));

		into.append(aloneIn(file) ? "" : mapOf(file), element("div", { class: "choice", role: "group" }, ...choice), body);
		Dom.onResize(body, draw);
	}

	return { sentence, show };
})();
