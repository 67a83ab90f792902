#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Usage: serve.py [old]

What was committed can be read and verified, and the next commit works, after `hg recover` where hg asks for it. A checker
that stays, crashinject-servers(7): Mercurial is loaded once, and each state is looked at by a child of its own, so that
nothing is remembered."""

import json
import os
import sys

os.environ.update(HGRCPATH="", HGUSER="a", HGPLAIN="1", LC_ALL="C")
sys.argv[0] = "hg"

from mercurial import dispatch, ui  # noqa: E402
from mercurial import commands, localrepo, verify  # noqa: E402,F401

OLD = sys.argv[1:] == ["old"]


def hg(*command):
    """The exit status of a command, and what it says."""
    said = open(os.memfd_create("said"), "w+b")
    mine = ui.ui.load()
    mine.fout = mine.ferr = said
    status = dispatch.dispatch(
        dispatch.request([b"-y"] + [word.encode() for word in command], ui=mine, fout=said, ferr=said))
    said.flush()
    said.seek(0)
    return status or 0, " ".join(said.read().decode(errors="replace").split("\n")[:4]).strip()


def acked(path):
    with open(path) as lines:
        lines = lines.read().split("\n")
    numbers = [int(line[4:]) for line in lines if line.startswith("ack ")]
    return OLD or "init" in lines, max(numbers, default=2 if OLD else 0)


def check(question):
    there, committed = acked(question["acked"])
    if not there:
        return "ok", ""
    if os.path.exists(".hg/store/journal"):
        status, said = hg("recover")
        if status:
            return "inconsistent", "recover: " + said
    status, said = hg("verify", "-q")
    if status:
        return "inconsistent", "verify: " + said
    status, said = hg("log", "-T", "{rev} ")
    if status:
        return "inconsistent", "log: " + said
    have = len(said.split())
    texts = ["text %d" % n for n in range(1, have + 1)]
    status, said = hg("cat", "-r", "tip", *["file%d" % n for n in range(1, have + 1)]) if have else (0, "")
    if status or said != " ".join(texts):
        return "inconsistent", "the files of %d commits: %s" % (have, said)
    if have < committed:
        return "lost", "commit %d was acknowledged, and there are %d" % (committed, have)
    # what the user had added, and was lost since, is not hg's to keep
    for name in ["next"] + ["file%d" % n for n in range(1, 5)]:
        if not os.path.exists(name):
            with open(name, "w") as text:
                text.write("the text of %s\n" % name)
    for command in (["commit", "-A", "-d", "9 0", "-m", "next"], ["verify", "-q"]):
        status, said = hg(*command)
        if status:
            return "inconsistent", "then, %s: %s" % (command[0], said)
    return "ok", ""


def answer(question):
    os.chdir(question["dir"])
    verdict, text = check(question)
    os.write(1, (json.dumps({"verdict": verdict, "text": text}) + "\n").encode())


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        answer(json.loads(line))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        os._exit(99)
