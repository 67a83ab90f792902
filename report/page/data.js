/* SPDX-License-Identifier: MIT */
/* What the page has been given, with the columns of the run as arrays. */
"use strict";

const Data = (() => {
	const given = JSON.parse(document.getElementById("data").textContent);
	const page = given.page || {};

	function column(text, count) {
		const values = new Float64Array(count);
		let at = 0;

		for (let i = 0; i < count; i++) {
			let value = 0, sign = 1;

			if (text.charCodeAt(at) === 45) {
				sign = -1;
				at++;
			}
			for (let code = text.charCodeAt(at); code >= 48; code = text.charCodeAt(++at))
				value = value * 10 + code - 48;
			values[i] = sign * value;
			at++;
		}
		return values;
	}

	/* What kinds of ops look like: the order is that of importance where several share a pixel. */
	const kinds = ["other", "write", "create", "remove", "rename", "sync", "point", "ack"];
	const patterns = [
		[/^\(ack\)/, "ack"], [/^\(point\)/, "point"], [/rename/, "rename"], [/unlink|rmdir/, "remove"],
		[/open|creat|mkdir|mknod|link|tmpfile/, "create"],
		[/write|sendfile|copy_file|splice|truncate|fallocate|store|clone|msync|append/, "write"],
	];

	function kindOfCall(name) {
		const found = patterns.find(([pattern]) => pattern.test(name));

		return kinds.indexOf(found ? found[1] : "other");
	}

	function readRun(from) {
		const run = { ...from, count: from.steps };
		const callKinds = from.calls.map(kindOfCall);

		for (const name of ["call", "process", "file", "to", "offset", "bytes", "sync", "stack", "acked"])
			run[name] = column(from[name], from.steps);
		run.points = from.points.split("\n");
		run.models = from.models.map((model) => (
			{ name: model.name, durable: column(model.durable, from.steps) }));
		run.kind = Uint8Array.from(run.call, (call, step) => (
			run.sync[step] ? kinds.indexOf("sync") : callKinds[call]));
		return run;
	}

	/* "3 5-9" */
	function ranges(text) {
		return (text || "").split(" ").filter((part) => part).map((part) => {
			const [from, to] = part.split("-").map(Number);

			return [from, to === undefined ? from : to];
		});
	}

	/* 1: lost, 2: lost in part, of each step of the run. */
	function lostSteps(disk, count) {
		const lost = new Uint8Array(count);

		for (const [text, value] of [[disk.lost, 1], [disk.part, 2]])
			for (const [from, to] of ranges(text))
				lost.fill(value, from, to + 1);
		return lost;
	}

	function siteOf(finding) {
		const op = (finding.ops || []).find((one) => one.location || (one.stack || []).length);

		if (!op)
			return "";
		if (op.location && op.location.function)
			return op.location.function;
		const frame = (op.stack || [])[0] || {};

		return frame.function || frame.object || "";
	}

	const findings = (given.findings || []).map((finding) => ({ ...finding, site: siteOf(finding) }));

	return {
		findings, kinds, lostSteps, run: page.run ? readRun(page.run) : null, disk: page.disk || {},
		untouched: page.untouched || { paths: [], left_out: 0 }, sources: page.sources || {},
	};
})();
