/* SPDX-License-Identifier: MIT */
/* What an article gets when it is first looked at: the tree, the bytes, the source. */
"use strict";

const Finding = (() => {
	const { element, number, plural, shown } = Dom;

	/* ---------------------------------------------------------------- the tree */

	const words = { same: "", differs: "differs", missing: "missing", extra: "extra", attributes: "attributes",
		"not compared": "not compared" };

	function sizeOf(side) {
		if (!side)
			return "\u2014";
		return side.kind === "file" ? number(side.size) : side.kind === "directory" ? "directory" : side.kind;
	}

	function modeOf(entry) {
		const one = entry.complete && entry.complete.mode, other = entry.state && entry.state.mode;
		const octal = (mode) => mode.toString(8).padStart(4, "0");

		return one !== null && other !== null && one !== other && entry.complete && entry.state ?
			octal(one) + " \u2192 " + octal(other) : octal(other === null || other === undefined ? one : other);
	}

	function nameOf(entry) {
		const depth = entry.path.split("/").length - 1, side = entry.state || entry.complete;
		const name = element("bdi", null, entry.path.split("/").pop(), side.kind === "directory" ? "/" : "");
		const cell = element("td", { class: "name", title: shown(entry.path) }, name);

		cell.style.paddingLeft = 0.6 + depth * 1.1 + "em";
		if (side.to)
			cell.append(element("span", { class: "where" }, " \u2192 ", side.to));
		return cell;
	}

	function entryRow(entry, open) {
		const difference = open.get(entry.path);
		const row = element("tr", { class: entry.status.replace(/ /g, "-") },
			nameOf(entry), element("td", { class: "n" }, sizeOf(entry.complete)),
			element("td", { class: "n" }, sizeOf(entry.state)), element("td", { class: "mode" }, modeOf(entry)),
			element("td", { class: "status" }, words[entry.status] === undefined ? entry.status : words[entry.status]));

		if (difference) {
			const button = element("button", { type: "button", class: "link", onclick: () => {
				difference.open = true;
				difference.scrollIntoView({ block: "nearest" });
			} }, words[entry.status]);

			row.lastChild.replaceChildren(button);
		}
		return row;
	}

	/* Directories that were there before and in which nothing was touched are named below. */
	function treeTable(disk, open) {
		const complete = disk.against === "end" ? "at the end" : "complete";
		const head = ["name", complete, "this state", "mode", ""].map((title, i) => (
			element("th", { class: i === 1 || i === 2 ? "n" : i === 3 ? "mode" : null, scope: "col" }, title)));

		return element("div", { class: "scroll" }, element("table", { class: "tree" },
			element("thead", null, element("tr", null, ...head)),
			element("tbody", null, ...disk.entries.map((entry) => entryRow(entry, open)))));
	}

	function untouched() {
		const { paths, left_out: more } = Data.untouched;

		if (!paths.length && !more)
			return null;
		return element("details", { class: "untouched" },
			element("summary", null, plural(paths.length + more, "name"),
				" that the run did not touch: as in the starting tree"),
			element("ul", null, ...paths.map((entry) => element("li", null, element("bdi", null, entry.path),
				entry.directory ? "/" : " \u00b7 " + number(entry.size)))),
			more ? element("p", { class: "note" }, "and more, which are not listed") : null);
	}

	function difference(file, first) {
		const body = element("div"), path = element("bdi", { class: "path" }, file.path);
		const details = element("details", { class: "difference", ontoggle: () => {
			if (details.open && !body.firstChild)
				Bytes.show(file, body);
		} }, element("summary", null, path, element("span", { class: "where" }, " ", Bytes.sentence(file))), body);

		details.open = first;
		return details;
	}

	function showDisk(article, disk) {
		const place = article.querySelector(".disk"), open = new Map();

		if (!place || !disk)
			return;
		const statuses = new Map(disk.entries.map((entry) => [entry.path, entry.status]));

		for (const file of disk.files)
			file.status = statuses.get(file.path);
		disk.files.forEach((file, i) => open.set(file.path, difference(file, i === 0)));
		const parts = [element("p", { class: "note" }, disk.against === "end" ?
			"Nothing that was done is lost here. Beside it: what the program left at its end." :
			"Beside it: the same moment with nothing lost.")];

		if (disk.entries.length)
			parts.push(treeTable(disk, open));
		else
			parts.push(element("p", { class: "note" }, "The run has touched nothing that is there."));
		if (disk.left_out)
			parts.push(element("p", { class: "note" }, plural(disk.left_out, "name"), " are not listed."));
		if (disk.error)
			parts.push(element("p", { class: "bad" }, "This is not all that there is: ", disk.error));
		parts.push(untouched(), ...open.values());
		if (disk.files_left_out)
			parts.push(element("p", { class: "note" }, plural(disk.files_left_out, "file"), " more were not compared."));
		place.replaceChildren(...parts.filter((part) => part));
	}

	/* ---------------------------------------------------------------- the source */

	function snippet(found, line) {
		return element("pre", { class: "source" }, ...found.lines.map((text, i) => (
			element("span", { class: found.first + i === line ? "line here" : "line" },
				element("span", { class: "n" }, found.first + i), " ", text, "\n"))));
	}

	function showSources(article, finding) {
		article.querySelectorAll(".op").forEach((item, at) => {
			const frames = item.querySelectorAll(".stack > li");
			let opened = false;

			((finding.ops[at] || {}).stack || []).forEach((frame, i) => {
				const found = frame.file && frame.line ? Data.sources[frame.file + ":" + frame.line] : null;

				if (!found || !frames[i])
					return;
				const details = element("details", null, element("summary", null, "source"),
					snippet(found, frame.line));

				details.open = !opened;
				opened = true;
				frames[i].append(details);
			});
		});
	}

	/* ---------------------------------------------------------------- the replay line */

	async function copy(text, button) {
		try {
			await navigator.clipboard.writeText(text);
			button.textContent = "copied";
		} catch (error) {
			const range = document.createRange();

			range.selectNodeContents(button.parentNode.querySelector("pre"));
			getSelection().removeAllRanges();
			getSelection().addRange(range);
			button.textContent = "selected";
		}
		setTimeout(() => { button.textContent = "copy"; }, 1500);
	}

	function addCopy(article) {
		article.querySelectorAll("pre.copy").forEach((block) => {
			const holder = element("div", { class: "copied" });

			block.replaceWith(holder);
			holder.append(block, element("button", { type: "button",
				onclick: (event) => copy(block.textContent, event.target) }, "copy"));
		});
	}

	function enhance(article, finding) {
		if (article.dataset.shown)
			return;
		article.dataset.shown = "yes";
		showDisk(article, Data.disk[finding.id]);
		showSources(article, finding);
		addCopy(article);
	}

	return { enhance };
})();
