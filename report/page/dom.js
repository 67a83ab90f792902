/* SPDX-License-Identifier: MIT */
/* Elements, and texts that stay texts: nothing here takes markup. */
"use strict";

const Dom = (() => {
	/* A byte that is no UTF-8 is a character of its own; what turns the direction of writing, or is not
	 * seen, is shown. */
	const strange = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\uef80-\uefff]/g;

	function hex(number, digits) {
		return number.toString(16).padStart(digits, "0");
	}

	function shown(text) {
		return String(text).replace(strange, (character) => {
			const code = character.charCodeAt(0);

			if (code >= 0xef80 && code <= 0xefff)
				return "\\x" + hex(code - 0xef00, 2);
			return code < 256 ? "\\x" + hex(code, 2) : "\\u" + hex(code, 4);
		});
	}

	/* An element: attributes, handlers ("onclick"), then children, which are elements or texts. */
	function element(name, attributes, ...children) {
		const made = document.createElement(name);

		for (const [key, value] of Object.entries(attributes || {})) {
			if (key.startsWith("on"))
				made.addEventListener(key.slice(2), value);
			else if (value === true)
				made.setAttribute(key, "");
			else if (value !== false && value !== null && value !== undefined)
				made.setAttribute(key, value);
		}
		for (const child of children)
			if (child !== null && child !== undefined)
				made.append(child instanceof Node ? child : shown(child));
		return made;
	}

	function number(value) {
		let text = String(value), grouped = "";

		for (; text.length > 3 && /^[0-9]*$/.test(text); text = text.slice(0, -3))
			grouped = "\u2009" + text.slice(-3) + grouped;
		return text + grouped;
	}

	function size(value) {
		return number(value) + (Number(value) === 1 ? " byte" : " bytes");
	}

	function plural(count, one, many) {
		return number(count) + " " + (count === 1 ? one : many || one + "s");
	}

	/* What is drawn for a width is drawn anew when another one is had. */
	function onResize(target, act) {
		let width = 0;

		new ResizeObserver((entries) => {
			const now = Math.round(entries[0].contentRect.width);

			if (now && now !== width) {
				width = now;
				requestAnimationFrame(act);
			}
		}).observe(target);
	}

	return { element, hex, number, onResize, plural, shown, size };
})();
