/* SPDX-License-Identifier: MIT */
/* The page as a whole: what is shown, and in which colours. */
"use strict";

(() => {
	const { element } = Dom;

	/* ---------------------------------------------------------------- dark and light */

	const themes = ["auto", "light", "dark"];

	function remembered() {
		try {
			return localStorage.getItem("crashinject-theme");
		} catch (error) {
			return null; /* a page of a file may have no memory */
		}
	}

	function setTheme(theme, button) {
		if (theme === "auto")
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = theme;
		button.textContent = { auto: "auto", light: "light", dark: "dark" }[theme];
		button.dataset.theme = theme;
		try {
			localStorage.setItem("crashinject-theme", theme);
		} catch (error) {
			/* then not */
		}
		if (Data.run)
			Timeline.recolour();
	}

	function addTheme() {
		const button = element("button", { type: "button", id: "theme", title: "dark or light" });

		button.addEventListener("click", () => (
			setTheme(themes[(themes.indexOf(button.dataset.theme) + 1) % themes.length], button)));
		document.querySelector("header.top").append(button);
		return () => setTheme(themes.includes(remembered()) ? remembered() : "auto", button);
	}

	/* ---------------------------------------------------------------- a finding is chosen */

	function choose(finding, quietly) {
		for (const article of document.querySelectorAll(".finding.current"))
			article.classList.remove("current");
		const article = document.getElementById(finding.id), disk = Data.disk[finding.id];

		if (!article)
			return;
		article.classList.add("current");
		Finding.enhance(article, finding);
		if (!quietly)
			history.replaceState(null, "", "#" + finding.id);
		if (!Data.run)
			return;
		const state = disk ? { step: disk.step, lost: Data.lostSteps(disk, Data.run.count) } : null;

		Timeline.choose(state, String(finding.state || "").split("@")[0]);
		Ops.choose(state);
	}

	function begin() {
		const setRemembered = addTheme();

		document.body.classList.add("js");
		if (Data.run && Data.run.count) {
			const section = document.getElementById("run");

			section.hidden = false;
			Timeline.begin(section, (step) => Ops.show(step));
			Ops.begin(section, (step) => Timeline.show(step));
		}
		if (Data.findings.length)
			List.begin(document.getElementById("list"), choose);
		setRemembered();
		List.show(location.hash.slice(1));
		window.addEventListener("hashchange", () => List.show(location.hash.slice(1)));
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
			if (Data.run)
				Timeline.recolour();
		});
		document.body.dataset.ready = "yes";
	}

	if (document.getElementById("data"))
		begin();
})();
