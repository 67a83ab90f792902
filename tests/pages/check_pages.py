#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages in a real Chromium: nothing in the console, nothing from a network, filters and keys do what they say.

Usage: check_pages.py CRASHINJECT OUT

CRASHINJECT is the command, OUT gets screenshots at 1600 and 390 pixels,
light and dark. Exit status: 0 good, 1 not, 77 there is no Chromium.
"""
import json
import os
import subprocess
import sys
import tempfile

import browser

MANY = 300
HOSTILE = "a</script><img src=x onerror=document.title='owned'>"


def explore(command, work):
    """A result with findings in two kinds of files, one of which has a hostile name."""
    root = os.path.join(work, "store")
    os.mkdir(root)
    script = "mkdir 'a<'; printf 1234567890 >t; mv t '%s'; printf old >f.tmp; mv f.tmp f; echo saved" % HOSTILE
    check = "for f in f 'a<'/script*; do [ ! -e \"$f\" ] || [ -s \"$f\" ] || { echo \"$f\"; exit 1; }; done"
    subprocess.run([command, "explore", "-q", "--root", root, "--model", "ext4,posix", "--check", check, "--html",
                    os.path.join(work, "page.html"), "-o", os.path.join(work, "result"), "--", "sh", "-c",
                    "cd '%s' && %s" % (root, script)], stdout=subprocess.DEVNULL, check=False)
    return os.path.join(work, "page.html")


def faults(command, work):
    """A result of faults: a write that fails and is not looked at, and one where the program says so and a checker refuses."""
    root = os.path.join(work, "faulted")
    os.mkdir(root)
    check = "[ ! -e done ] || [ -s f ] || { echo f is empty; exit 2; }"
    page = os.path.join(work, "faults.html")
    subprocess.run([command, "faults", "-q", "--root", root, "--errors", "EIO", "--check", check, "--html", page, "--",
                    "sh", "-c", "cd '%s' && { echo data >f; echo >done; }" % root], stdout=subprocess.DEVNULL, check=False)
    return page


def blind(command, work):
    """A result whose checker has seen nothing."""
    root = os.path.join(work, "unseen")
    os.mkdir(root)
    page = os.path.join(work, "blind.html")
    subprocess.run([command, "faults", "-q", "--root", root, "--errors", "EIO", "--check", "true", "--html", page, "--",
                    "sh", "-c", "echo data >'%s/f'" % root], stdout=subprocess.DEVNULL, check=False)
    return page


def multiplied(page, out):
    """The page with as many findings as people have on a bad day, and a run of a hundred thousand ops."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    begin = '<script type="application/json" id="data">'
    start = text.index(begin) + len(begin)
    end = text.index("</script>", start)
    data = json.loads(text[start:end])
    first, run = data["findings"][0], data["page"]["run"]
    article = text[text.index("<article"):text.index("</article>") + len("</article>")]
    articles = []
    for number in range(MANY):
        name = "%08x" % (number + 1)
        data["findings"].append(dict(first, id=name, files=["file-%d" % (number % 9)],
                                     kind="lost" if number % 3 else "crashed"))
        data["page"]["disk"][name] = data["page"]["disk"][first["id"]]
        articles.append(article.replace(first["id"], name))
    times = 100000 // run["steps"] + 1
    for key, value in run.items():
        if key == "points":
            run[key] = value * times if value.endswith("\n") else (value + "\n") * times
        elif isinstance(value, str):
            run[key] = " ".join([value] * times)
    for model in run["models"]:
        model["durable"] = " ".join([model["durable"]] * times)
    run["steps"] *= times
    text = text[:start] + json.dumps(data).replace("<", "\\u003c") + text[end:]
    text = text.replace('<div id="articles">', '<div id="articles">' + "".join(articles))
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)


class Checks:
    def __init__(self):
        self.failed = self.passed = 0

    def that(self, good, what):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("FAIL: " + what)


def is_seen(chromium, selector):
    return chromium.run("(e => Boolean(e && e.getClientRects().length))(document.querySelector(%s))" %
                        json.dumps(selector))


def choose(chromium, name, value):
    chromium.run("(s => { s.value = %s; s.dispatchEvent(new Event('change')); })(document.querySelector("
                 "'#list select[name=%s]'))" % (json.dumps(value), name))
    chromium.settle()


def check_look(chromium, checks, page, out):
    for width in (1600, 390):
        for dark in (False, True):
            name = "%s-%d-%s" % (os.path.basename(page)[:-5], width, "dark" if dark else "light")
            chromium.open(page, width, 1200, dark)
            checks.that(chromium.run("document.body.dataset.ready") == "yes", name + ": the scripts have not run")
            checks.that(chromium.run("document.documentElement.scrollWidth") <= width, name + ": it is too wide")
            ground = chromium.run("getComputedStyle(document.documentElement).backgroundColor")
            checks.that((ground == "rgb(255, 255, 255)") != dark, name + ": its ground is " + ground)
            for complaint in chromium.complaints():
                checks.that(False, name + ": " + complaint)
            chromium.screenshot(os.path.join(out, name + ".png"))


def check_finding(chromium, checks, page):
    chromium.open(page, 1600, 1200, False)
    checks.that(is_seen(chromium, ".finding.current .tree"), "the tree is not seen")
    checks.that(is_seen(chromium, ".finding.current .bytes .row"), "no bytes are seen")
    checks.that(chromium.run("document.querySelectorAll('img').length") == 0, "a name has become an element")
    checks.that(chromium.run("document.title") == "crashinject", "a name was run")
    painted = chromium.run("(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(b => b))("
                           "document.querySelector('#run canvas'))")
    checks.that(painted, "nothing is drawn")
    chromium.run("document.getElementById('theme').click()")
    chromium.run("document.getElementById('theme').click()")
    checks.that(chromium.run("getComputedStyle(document.documentElement).backgroundColor") != "rgb(255, 255, 255)",
                "the switch does not make it dark")
    chromium.run("localStorage.clear()")
    for complaint in chromium.complaints():
        checks.that(False, complaint)


def check_faults(chromium, checks, page):
    """What a fault has no part in is not spoken of; what it is, and how to see it again, is."""
    chromium.open(page, 1600, 1200, False)
    text = chromium.run("document.body.innerText")
    for wanted in ("calls that can fail", "The call that failed", "See it again", ":err=EIO", "--only",
                   "acknowledged data is lost", "f is empty"):
        checks.that(wanted in text, "faults: \"%s\" is not there" % wanted)
    for unwanted in ("crash points", "states", "Lost and survived", "Put it on a disk"):
        checks.that(unwanted not in text, "faults: \"%s\" is there" % unwanted)
    checks.that(is_seen(chromium, ".finding.current .stack li"), "faults: no stack is seen")


def check_blind(chromium, checks, page):
    chromium.open(page, 390, 1200, True)
    checks.that(is_seen(chromium, "#incomplete"), "blind: that it is incomplete is not seen")
    checks.that("the checker sees nothing" in chromium.run("document.querySelector('#incomplete').innerText"),
                "blind: why is not said")


def check_many(chromium, checks, page):
    chromium.open(page, 1600, 1200, False)
    rows = chromium.run("document.querySelectorAll('#list .item').length")
    checks.that(0 < rows < 60, "%d rows exist" % rows)
    choose(chromium, "kind", "crashed")
    said = chromium.run("document.querySelector('#list .count').textContent")
    checks.that(said.startswith("%d of " % (MANY // 3)), "the filter of kinds leaves " + said)
    choose(chromium, "files", "file-3")
    said = chromium.run("document.querySelector('#list .count').textContent")
    checks.that(said.startswith("34 of ") or said.startswith("33 of "), "both filters leave " + said)
    before = chromium.run("document.querySelector('.finding.current').id")
    chromium.run("document.querySelector('.items').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown'}))")
    chromium.settle()
    after = chromium.run("document.querySelector('.finding.current').id")
    checks.that(before != after, "the arrow keys do not move")
    checks.that(chromium.run("document.querySelectorAll('.finding.current').length") == 1, "not one finding is seen")
    chromium.run("document.querySelector('.steps').open = true")
    chromium.settle()
    rows = chromium.run("document.querySelectorAll('.op-row').length")
    checks.that(0 < rows < 60, "%d rows of steps exist" % rows)
    for complaint in chromium.complaints():
        checks.that(False, "many: " + complaint)


def main():
    command, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    path = browser.find()
    if not path:
        print("SKIP: there is no Chromium")
        return 77
    os.makedirs(out, exist_ok=True)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="crashinject-pages-") as work:
        page = explore(command, work)
        faulted, unseen = faults(command, work), blind(command, work)
        many = os.path.join(work, "many.html")
        multiplied(page, many)
        index = os.path.join(work, "index.html")
        subprocess.run([command, "report", "-q", "--index", work, "--html", index], check=False)
        try:
            chromium = browser.Browser(path)
        except (OSError, EOFError, TimeoutError, RuntimeError) as error:
            print("SKIP: Chromium does not start here: %s" % error)
            return 77
        try:
            for one in (page, many, index, faulted, unseen):
                check_look(chromium, checks, one, out)
            check_finding(chromium, checks, page)
            check_many(chromium, checks, many)
            check_faults(chromium, checks, faulted)
            check_blind(chromium, checks, unseen)
        finally:
            chromium.close()
    print("# PASS: %d\n# FAIL: %d" % (checks.passed, checks.failed))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
