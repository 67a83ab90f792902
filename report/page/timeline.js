/* SPDX-License-Identifier: MIT */
/*
 * The run from left to right: lanes for what was acknowledged, for processes and for files. Only what is seen is
 * drawn, and of steps that share a pixel the one that matters most.
 */
"use strict";

const Timeline = (() => {
	const { element, number, plural, shown } = Dom;
	const laneHeight = 22, most = 420, least = 8;
	const run = Data.run;
	let canvas, context, holder, spacer, said, modelChoice;
	let lanes = [], view = { from: 0, to: 1 }, model = 0, chosen = null, cursor = -1, onPick = () => {};
	let colours = {}, pending = false, width = 0, left = 0; /* as the canvas was when it was drawn last */

	/* ---------------------------------------------------------------- lanes */

	function processName(number) {
		const process = run.processes[number];

		if (!process)
			return "process " + number;
		return (process.name || "process").split("/").pop() + " " + process.pid;
	}

	function makeLanes() {
		const found = { ack: [], process: new Map(), file: new Map() };
		const put = (map, key, step) => (map.has(key) ? map.get(key).push(step) : map.set(key, [step]));

		for (let step = 0; step < run.count; step++) {
			if (Data.kinds[run.kind[step]] === "ack")
				found.ack.push(step);
			put(found.process, run.process[step], step);
			if (run.file[step] >= 0)
				put(found.file, run.file[step], step);
			if (run.to[step] >= 0 && run.to[step] !== run.file[step])
				put(found.file, run.to[step], step);
		}
		if (found.ack.length)
			lanes.push({ name: "acknowledged", steps: found.ack, type: "ack" });
		for (const [key, steps] of found.process)
			lanes.push({ name: processName(key), steps, type: "process" });
		for (const [key, steps] of found.file)
			lanes.push({ name: run.files[key] || ".", steps, type: "file", file: key });
		lanes.forEach((lane, at) => { lane.at = at; });
	}

	/* When a lane's file has something that is not durable: ranges of steps, for the model that is shown. */
	function dirty(lane) {
		const durable = run.models[model] && run.models[model].durable;

		lane.dirty = lane.dirty || [];
		if (!durable || lane.type !== "file" || lane.dirty[model])
			return lane.dirty[model] || [];
		const ranges = [];

		for (const step of lane.steps) {
			const until = durable[step] === -1 ? run.count : durable[step];

			if (until <= step)
				continue;
			const last = ranges[ranges.length - 1];

			if (last && last[1] >= step)
				last[1] = Math.max(last[1], until);
			else
				ranges.push([step, until]);
		}
		lane.dirty[model] = ranges;
		return ranges;
	}

	/* ---------------------------------------------------------------- places */

	function measure() {
		width = canvas.clientWidth;
		left = width < 600 ? 92 : 190;
	}

	function toX(step) {
		return left + (step - view.from) / (view.to - view.from) * (width - left - 8);
	}

	function toStep(x) {
		return view.from + (x - left) / (width - left - 8) * (view.to - view.from);
	}

	function firstAt(steps, wanted) {
		let low = 0, high = steps.length;

		while (low < high) {
			const middle = (low + high) >> 1;

			if (steps[middle] < wanted)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	/* ---------------------------------------------------------------- drawing */

	function readColours() {
		const style = getComputedStyle(document.documentElement);

		for (const name of ["ink", "muted", "line", "surface", "ground", "bad", "write", "sync", "name", "ack",
			"dirty", "accent"])
			colours[name] = style.getPropertyValue("--" + name).trim();
	}

	const colourOf = { other: "muted", write: "write", create: "name", remove: "name", rename: "name",
		sync: "sync", point: "muted", ack: "ack" };

	function drawMark(step, x, y, wide) {
		const kind = Data.kinds[run.kind[step]], lost = chosen && chosen.lost[step];
		const middle = y + laneHeight / 2 - 1, r = Math.max(1.5, Math.min(4, wide / 2));

		context.fillStyle = context.strokeStyle = colours[lost ? "bad" : colourOf[kind]];
		context.globalAlpha = run.sync[step] >= 4 ? 0.5 : 1;
		context.beginPath();
		if (wide < 4) {
			const high = kind === "sync" ? 14 : kind === "write" ? 8 : 10;

			context.rect(x - 0.75, middle - high / 2, 1.5, high);
		} else if (kind === "sync") {
			context.rect(x - 1, y + 3, 2, laneHeight - 8);
			context.moveTo(x - r, middle);
			context.lineTo(x, middle - r);
			context.lineTo(x + r, middle);
			context.lineTo(x, middle + r);
		} else if (kind === "ack" || kind === "point") {
			context.arc(x, middle, r, 0, 7);
		} else if (kind === "write") {
			context.rect(x - r, middle - r, 2 * r, 2 * r);
		} else {
			context.moveTo(x - r, middle - r);
			context.lineTo(x + r, middle);
			context.lineTo(x - r, middle + r);
		}
		context.fill();
		context.globalAlpha = 1;
		if (lost && wide >= 4) {
			context.lineWidth = 1.5;
			context.strokeRect(x - r - 2.5, middle - r - 2.5, 2 * r + 5, 2 * r + 5);
		}
	}

	function importance(step) {
		return run.kind[step] + (chosen && chosen.lost[step] ? 16 : 0);
	}

	function drawLane(lane, y) {
		const perStep = (width - left - 8) / (view.to - view.from);

		context.fillStyle = colours.line;
		context.fillRect(0, y + laneHeight - 1, width, 1);
		context.fillStyle = colours.dirty;
		for (const [from, to] of dirty(lane)) {
			if (to < view.from || from > view.to)
				continue;
			const start = Math.max(left, toX(from)), end = Math.min(width - 8, toX(to));

			context.fillRect(start, y + laneHeight - 5, Math.max(1.5, end - start), 4);
		}
		let best = -1, at = -1;

		for (let i = firstAt(lane.steps, view.from - 1); i < lane.steps.length; i++) {
			const step = lane.steps[i], x = toX(step + 0.5);

			if (step > view.to)
				break;
			if (best >= 0 && x - at < 1.5) {
				if (importance(step) > importance(best))
					best = step;
				continue;
			}
			if (best >= 0 && at >= left)
				drawMark(best, at, y, perStep * 0.7);
			best = step;
			at = x;
		}
		if (best >= 0 && at >= left)
			drawMark(best, at, y, perStep * 0.7);
		drawLabel(lane, y);
	}

	function drawLabel(lane, y) {
		let name = shown(lane.name);

		context.fillStyle = colours.ground;
		context.fillRect(0, y, left - 6, laneHeight - 1);
		context.fillStyle = lane.type === "file" ? colours.ink : colours.muted;
		if (context.measureText(name).width > left - 14) {
			while (name.length > 1 && context.measureText("\u2026" + name).width > left - 14)
				name = name.slice(1);
			name = "\u2026" + name;
		}
		context.fillText(name, 0, y + laneHeight / 2 + 3);
	}

	/* A rename leads from one lane to another. */
	function drawRenames(top, bottom, scroll) {
		const byFile = new Map(lanes.filter((lane) => lane.type === "file").map((lane) => [lane.file, lane]));
		const perStep = (width - left) / (view.to - view.from);

		if (perStep < 2.5)
			return;
		context.lineWidth = 1.25;
		for (let step = Math.max(0, Math.floor(view.from)); step < Math.min(run.count, view.to); step++) {
			const from = byFile.get(run.file[step]), to = byFile.get(run.to[step]);

			if (!from || !to || from === to)
				continue;
			const x = toX(step + 0.5), y = from.at * laneHeight + 10 - scroll, end = to.at * laneHeight + 10 - scroll;

			if (x < left || Math.max(y, end) < top || Math.min(y, end) > bottom)
				continue;
			context.strokeStyle = colours[chosen && chosen.lost[step] ? "bad" : "name"];
			context.beginPath();
			context.moveTo(x, y);
			context.lineTo(x, end);
			context.stroke();
		}
	}

	function drawCrash(height) {
		if (cursor >= 0 && cursor >= view.from - 1 && cursor <= view.to) {
			context.fillStyle = colours.accent;
			context.globalAlpha = 0.55;
			context.fillRect(toX(cursor + 0.5) - 0.5, 0, 1, height);
			context.globalAlpha = 1;
		}
		if (!chosen || chosen.step < -1)
			return;
		const x = Math.max(left, toX(chosen.step + 1));

		if (x > width)
			return;
		context.fillStyle = colours.ground;
		context.globalAlpha = 0.62;
		context.fillRect(x, 0, width - x, height);
		context.globalAlpha = 1;
		context.fillStyle = colours.bad;
		context.fillRect(x - 1, 0, 2, height);
	}

	function draw() {
		pending = false;
		measure();
		const height = Math.min(most, lanes.length * laneHeight);
		const scale = window.devicePixelRatio || 1, scroll = holder.scrollTop;

		if (!width)
			return;
		if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
			canvas.width = Math.round(width * scale);
			canvas.height = Math.round(height * scale);
		}
		canvas.style.height = height + "px";
		context.setTransform(scale, 0, 0, scale, 0, 0);
		context.clearRect(0, 0, width, height);
		context.font = "12px system-ui, sans-serif";
		for (let at = Math.floor(scroll / laneHeight); at < lanes.length && at * laneHeight < scroll + height; at++)
			drawLane(lanes[at], at * laneHeight - scroll);
		drawRenames(0, height, scroll);
		drawCrash(height);
	}

	function drawSoon() {
		if (!pending && canvas) {
			pending = true;
			requestAnimationFrame(draw);
		}
	}

	/* ---------------------------------------------------------------- moving */

	function setView(from, to) {
		const wide = Math.max(Math.min(least, run.count), Math.min(run.count, to - from));

		from = Math.max(0, Math.min(run.count - wide, from));
		view = { from, to: from + wide };
		drawSoon();
	}

	function zoom(factor, around) {
		const middle = around === undefined ? (view.from + view.to) / 2 : around;

		setView(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
	}

	function pan(part) {
		const by = (view.to - view.from) * part;

		setView(view.from + by, view.to + by);
	}

	function describe(step) {
		const durable = run.models[model] && run.models[model].durable[step];
		let text = Ops.line(step);

		if (chosen && step > chosen.step)
			text += " \u2014 after the crash";
		else if (chosen && chosen.lost[step])
			text += chosen.lost[step] === 2 ? " \u2014 lost in part" : " \u2014 lost";
		if (durable >= 0)
			text += durable <= step ? "; durable at once" : "; durable from " + Ops.name(durable) + " on";
		else if (durable === -1)
			text += "; never durable";
		if (run.models[model] && durable !== -2)
			text += " (" + run.models[model].name + ")";
		return text;
	}

	function say(step) {
		said.textContent = step >= 0 ? shown(describe(step)) :
			plural(run.count, "step") + ", " + plural(lanes.length, "lane") + (run.left_out ? "; " + number(run.left_out) + " more are not shown" : "");
	}

	/* The step of a lane that is nearest to a place. */
	function stepAt(x, y) {
		const lane = lanes[Math.floor((y + holder.scrollTop) / laneHeight)], wanted = toStep(x) - 0.5;

		if (!lane || x < left)
			return -1;
		const at = firstAt(lane.steps, wanted), before = lane.steps[at - 1], after = lane.steps[at];
		const best = before === undefined ? after :
			after === undefined || wanted - before < after - wanted ? before : after;

		return best !== undefined && Math.abs(toX(best + 0.5) - x) < 12 ? best : -1;
	}

	function pick(step) {
		cursor = step;
		say(step);
		drawSoon();
		onPick(step);
	}

	function show(step) {
		cursor = step;
		say(step);
		if (step < view.from || step > view.to)
			setView(step - (view.to - view.from) / 2, step + (view.to - view.from) / 2);
		drawSoon();
	}

	function onKey(event) {
		const acts = { ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), "+": () => zoom(0.6),
			"=": () => zoom(0.6), "-": () => zoom(1 / 0.6), Home: () => setView(0, run.count),
			",": () => pick(Math.max(0, cursor - 1)), ".": () => pick(Math.min(run.count - 1, cursor + 1)) };

		if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey)
			return;
		acts[event.key]();
		event.preventDefault();
	}

	function follow() {
		let from = null;

		canvas.addEventListener("pointerdown", (event) => {
			from = { x: event.offsetX, view, moved: false };
			canvas.setPointerCapture(event.pointerId);
		});
		canvas.addEventListener("pointermove", (event) => {
			if (from) {
				const by = (from.x - event.offsetX) / (width - left) *
					(from.view.to - from.view.from);

				from.moved = from.moved || Math.abs(from.x - event.offsetX) > 3;
				if (from.moved)
					setView(from.view.from + by, from.view.to + by);
				return;
			}
			const step = stepAt(event.offsetX, event.offsetY);

			say(step >= 0 ? step : cursor);
		});
		canvas.addEventListener("pointerup", (event) => {
			const step = from && !from.moved ? stepAt(event.offsetX, event.offsetY) : -1;

			from = null;
			if (step >= 0)
				pick(step);
		});
		canvas.addEventListener("pointercancel", () => { from = null; });
		canvas.addEventListener("dblclick", (event) => zoom(0.4, toStep(event.offsetX)));
		canvas.addEventListener("wheel", (event) => {
			if (!event.ctrlKey && !event.metaKey && !event.shiftKey)
				return;
			event.preventDefault();
			zoom(Math.exp((event.deltaY || event.deltaX) / 300), toStep(event.offsetX));
		}, { passive: false });
	}

	/* ---------------------------------------------------------------- the section */

	function legend() {
		const items = [["write", "write"], ["sync", "sync"], ["name", "create, rename, remove"],
			["ack", "acknowledged"], ["dirty", "not durable"], ["bad", "lost"]];

		return element("ul", { class: "legend" }, ...items.map(([colour, label]) => (
			element("li", { class: "is-" + colour }, label))));
	}

	function controls() {
		const button = (label, title, act) => element("button", { type: "button", title, "aria-label": title,
			onclick: act }, label);

		modelChoice = element("select", { "aria-label": "durable under the model", onchange: () => {
			model = Number(modelChoice.value);
			say(cursor);
			drawSoon();
			Ops.redraw();
		} }, ...run.models.map((one, i) => element("option", { value: i }, one.name)));
		return element("div", { class: "controls" }, legend(),
			run.models.length > 1 ? modelChoice : null,
			button("\u2212", "show more of the run (-)", () => zoom(1 / 0.6)),
			button("+", "look closer (+)", () => zoom(0.6)),
			button("all", "show all of the run (Home)", () => setView(0, run.count)));
	}

	function begin(section, picked) {
		onPick = picked;
		canvas = element("canvas", { tabindex: "0", role: "img", onkeydown: onKey,
			"aria-label": "the run as a timeline; arrow keys move it, + and - change its scale" });
		context = canvas.getContext("2d");
		spacer = element("div", { class: "spacer" });
		holder = element("div", { class: "lanes", onscroll: drawSoon }, canvas, spacer);
		said = element("p", { class: "said", "aria-live": "polite" });
		makeLanes();
		spacer.style.height = Math.max(0, lanes.length * laneHeight - Math.min(most, lanes.length * laneHeight)) + "px";
		holder.style.maxHeight = most + "px";
		section.append(element("div", { class: "head" }, element("h2", null, "The run"), controls()), holder, said);
		setView(0, run.count);
		readColours();
		follow();
		say(-1);
		Dom.onResize(holder, drawSoon);
	}

	/* A finding's state is shown on it: what is lost, and where the crash is. */
	function choose(state, name) {
		chosen = state;
		const at = run.models.findIndex((one) => one.name === name);

		if (at >= 0) {
			model = at;
			modelChoice.value = String(at);
		}
		if (state && run.count > 400) {
			const wide = Math.min(run.count, 160);

			setView(state.step - wide * 0.8, state.step + wide * 0.2);
		}
		drawSoon();
	}

	function recolour() {
		readColours();
		drawSoon();
	}

	function durableAt(step) {
		return run.models[model] ? run.models[model].durable[step] : -2;
	}

	return { begin, choose, durableAt, recolour, show };
})();
