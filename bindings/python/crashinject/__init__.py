# SPDX-License-Identifier: MIT
"""Crash points and acknowledgements, and exploring crash states as an assertion.

Without crashinject around the program, point(), ack() and note() do nothing.
"""

import os

from ._explore import CrashFound, Incomplete, Lost, State, explore

__all__ = ["point", "ack", "note", "explore", "State", "CrashFound", "Incomplete", "Lost"]


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
