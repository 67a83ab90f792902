# SPDX-License-Identifier: MIT
"""The command crashinject explore as a function."""

import json
import os
import shlex
import shutil
import subprocess
import tempfile

from . import _call
from ._call import Lost, State

__all__ = ["explore", "State", "CrashFound", "Incomplete", "Lost"]

_KEPT_ELSEWHERE = ("-o", "--output", "--resume", "--finding")


class CrashFound(AssertionError):
    """There are crash states that the check does not accept."""

    def __init__(self, message, findings):
        super().__init__(message)
        self.findings = findings


class Incomplete(AssertionError):
    """Nothing was found, but something may have been missed."""


def _describe(finding):
    lines = ["%s: %s" % (finding["kind"], finding["sentence"])]
    for key in ("repair", "advice", "replay"):
        if finding.get(key):
            lines.append("  %s: %s" % (key, finding[key]))
    if finding.get("output"):
        lines.append("  the check said: %s" % finding["output"].rstrip())
    return "\n".join(lines)


def _words(workload):
    if callable(workload):
        return _call.command("workload", workload)
    return ["sh", "-c", workload] if isinstance(workload, str) else [str(word) for word in workload]


def _checks(check):
    if callable(check):
        return ["--check-server", "exec " + " ".join(map(shlex.quote, _call.command("check", check)))]
    return ["--check", check if isinstance(check, str) else " ".join(shlex.quote(str(word)) for word in check)]


def _run(workload, check, models, directory, result, options):
    command = [os.environ.get("CRASHINJECT", "crashinject"), "explore", "--json", "--dir", directory]
    if result:
        command += ["--output", result]
    if models:
        command.append("--model=" + ",".join([models] if isinstance(models, str) else models))
    command += [*_checks(check), *options, "--", *_words(workload)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    objects = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done, objects


def _judge(done, objects, result):
    """The summary, if all is good."""
    findings = [each["finding"] for each in objects if "finding" in each]
    findings = [each for each in findings if not each.get("accepted")]
    summary = next((each["summary"] for each in objects if "summary" in each), None)
    if done.returncode not in (0, 1, 3) or not summary or (done.returncode == 1 and not findings):
        more = summary and summary.get("final_output")
        raise RuntimeError("crashinject explore: exit status %d: %s%s"
                           % (done.returncode, done.stderr.strip() or done.stdout, ": " + more if more else ""))
    if done.returncode == 0 and summary["complete"] and not findings:
        return summary
    lines = ["%d found" % len(findings)] + [_describe(each) for each in findings]
    lines += ["incomplete: " + reason for reason in summary["incomplete_reasons"]]
    lines += ["the result is in " + result] if result else []
    if findings:
        raise CrashFound("\n".join(lines), findings)
    raise Incomplete("\n".join(lines))


def explore(workload, check, models=(), root=None, options=()):
    """Runs the workload once and checks every state that a crash can leave.

    workload and check are functions at the top of a module, or commands: lists, or strings for the shell. The workload
    gets the data directory, a command in $CRASH_DIR; without a root it is a new one. The check gets a State, which is
    also its working directory; it accepts by returning and refuses by raising, Lost if something that was acknowledged
    is gone. Functions are called in other Python processes, where nothing but their modules is there.

    Raises CrashFound or Incomplete, else prints one line and returns the summary.
    """
    directory = str(root) if root else tempfile.mkdtemp(prefix="crashinject-data-")
    kept = any(str(option).split("=")[0].startswith(_KEPT_ELSEWHERE) for option in options)
    result = None if kept else tempfile.mkdtemp(prefix="crashinject-")
    keep = False
    try:
        done, objects = _run(workload, check, models, directory, result, [str(option) for option in options])
        summary = _judge(done, objects, result)
    except (CrashFound, Incomplete):
        keep = True
        raise
    finally:
        if not root:
            shutil.rmtree(directory, ignore_errors=True)
        if result and not keep:
            shutil.rmtree(result, ignore_errors=True)
    print("crash-safe: %d states checked, none failed, %.1f s" % (summary["checked"], summary["seconds"]))
    return summary
