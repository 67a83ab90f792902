# SPDX-License-Identifier: MIT
"""Functions of the caller as commands: another Python process imports their module and calls them."""

import base64
import importlib
import importlib.util
import json
import os
import pickle
import runpy
import sys
import traceback


class Lost(Exception):
    """Raised by a check: the state is consistent, but something that was acknowledged is gone."""


class State:
    """One crash state."""

    def __init__(self, question):
        #: the data directory, which is the working directory, too
        self.dir = question["dir"]
        #: a file with all that was acknowledged before the crash, and a directory with a file for each stream of it
        self.acked = question["acked"]
        self.acked_dir = question["acked_dir"]
        #: the point of the crash, and the name of the state
        self.point = question["point"]
        self.state = question["state"]

    @property
    def acks(self):
        """What was given to ack() before the crash: a list of lines."""
        try:
            with open(os.path.join(self.acked_dir, "points"), encoding="utf-8", errors="surrogateescape") as file:
                return file.read().splitlines()
        except FileNotFoundError:  # nothing ever was
            return []


# ---------------------------------------------------------------- on this side


def command(kind, function):
    """The words of a process that calls it."""
    try:
        pickled = pickle.dumps(function)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise TypeError("the %s is to be called in another process, so it has to be a function at the top of a module,"
                        " or a functools.partial of one: %s" % (kind, error)) from None
    name = getattr(getattr(function, "func", function), "__module__", None)
    file = getattr(sys.modules.get(name), "__file__", None)
    what = {"kind": kind, "path": sys.path, "module": name, "file": file and os.path.abspath(file),
            "function": base64.b64encode(pickled).decode()}
    code = "import json, sys; sys.path[:] = json.loads(sys.argv[1])['path']; import crashinject._call as c; c.called()"
    return [sys.executable, "-B", "-c", code, json.dumps(what)]


# ---------------------------------------------------------------- in the other process


def _load(module, file):
    """What the function's pickle names is there under the same name, however it was imported here."""
    if module == "__main__":
        main = sys.modules["__main__"]
        main.__dict__.update(runpy.run_path(file, run_name="__crashinject__"))
        return
    try:
        importlib.import_module(module)
    except ImportError:
        spec = importlib.util.spec_from_file_location(module, file)
        sys.modules[module] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[module])


def _reason(error):
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = "%s: %s" % (type(error).__name__, error) if str(error) else type(error).__name__
    text = "%s (%s:%d: %s)" % (text, os.path.basename(where.filename), where.lineno, where.line)
    return text.encode("utf-8", "backslashreplace").decode()


def _verdict(check, state):
    """Without what the exception holds: files of the state have to be closed afterwards."""
    try:
        check(state)
        return {"verdict": "ok"}
    except Lost as error:
        return {"verdict": "lost", "text": _reason(error)}
    except Exception as error:
        return {"verdict": "inconsistent", "text": _reason(error)}


def _serve(check):
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for line in questions:
        state = State(json.loads(line.decode("utf-8", "surrogateescape")))
        os.chdir(state.dir)
        answer = _verdict(check, state)
        os.chdir("/")
        os.write(answers, (json.dumps(answer) + "\n").encode())


def called():
    what = json.loads(sys.argv[1])
    sys.argv = [what["file"] or "crashinject"]
    _load(what["module"], what["file"])
    function = pickle.loads(base64.b64decode(what["function"]))
    if what["kind"] == "check":
        _serve(function)
    else:
        function(os.environ["CRASH_DIR"])
