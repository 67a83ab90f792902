# SPDX-License-Identifier: MIT
"""Crash points and acknowledgements, and exploring crash states as an assertion.

Without crashinject around the program, point(), ack() and note() do nothing.
"""

import json
import os
import shlex
import shutil
import subprocess
import tempfile

__all__ = ["point", "ack", "note", "explore", "CrashFound", "Incomplete"]


def _channel():
    try:
        return int(os.environ["CRASH_FD"])
    except (KeyError, ValueError):
        return None


_fd = _channel()


def _say(line):
    try:
        os.write(_fd, line.encode("utf-8", "surrogateescape"))
    except OSError:
        pass  # the run is over, and this process has outlived it


def point(name):
    """A place where a crash is interesting, for instance "wal.mid-frame"."""
    if _fd is not None:
        _say("point %s\n" % name)


def ack(text):
    """What has been promised by now: it has to be there after every crash that comes later."""
    if _fd is not None:
        _say("ack %s\n" % str(text).replace("\n", "\nack "))


def note(key, value):
    """What `crashinject list` is to show between the operations."""
    if _fd is not None:
        _say("note %s %s\n" % (key, str(value).replace("\n", " ")))


class CrashFound(AssertionError):
    """There are crash states that the check does not accept."""

    def __init__(self, message, findings):
        super().__init__(message)
        self.findings = findings


class Incomplete(AssertionError):
    """Nothing was found, but something may have been missed."""


def _command(words):
    return ["sh", "-c", words] if isinstance(words, str) else [str(word) for word in words]


def _describe(finding):
    lines = ["%s: %s" % (finding["kind"], finding["sentence"])]
    for key in ("repair", "advice", "replay"):
        if finding.get(key):
            lines.append("  %s: %s" % (key, finding[key]))
    if finding.get("output"):
        lines.append("  the check said: %s" % finding["output"].rstrip())
    return "\n".join(lines)


def _run(workload, check, models, root, options):
    command = [os.environ.get("CRASHINJECT", "crashinject"), "explore", "--json", "--dir", root]
    if models:
        command.append("--model=" + ",".join(models))
    checked = check if isinstance(check, str) else " ".join(shlex.quote(str(word)) for word in check)
    command += ["--check", checked, *options, "--", *_command(workload)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    objects = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done, objects


def explore(workload, check, models=(), root=None, options=()):
    """Runs the workload once and checks every state that a crash can leave.

    workload and check are commands: lists, or strings for the shell. The workload finds the data directory in
    $CRASH_DIR, and for the check it is the working directory. Without a root the directory is a new one.
    Raises CrashFound or Incomplete, else prints one line and returns the summary.
    """
    directory = root or tempfile.mkdtemp(prefix="crashinject-")
    try:
        done, objects = _run(workload, check, models, str(directory), options)
    finally:
        if root is None:
            shutil.rmtree(directory, ignore_errors=True)
    findings = [each["finding"] for each in objects if "finding" in each]
    findings = [each for each in findings if not each.get("accepted")]
    summary = next((each["summary"] for each in objects if "summary" in each), None)
    if findings:
        raise CrashFound("\n".join(["%d found" % len(findings)] + [_describe(each) for each in findings]), findings)
    if done.returncode == 3 and summary:
        raise Incomplete("incomplete: " + "; ".join(summary["incomplete_reasons"]))
    if done.returncode != 0 or not summary:
        raise RuntimeError("crashinject explore: exit status %d: %s" % (done.returncode, done.stderr or done.stdout))
    print("crash-safe: %d states checked, none failed, %.1f s" % (summary["checked"], summary["seconds"]))
    return summary
