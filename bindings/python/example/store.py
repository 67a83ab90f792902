# SPDX-License-Identifier: MIT
"""A value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.

store.py save VALUE...   in $CRASH_DIR
store.py check           in a crash state: the last value that was acknowledged has to be there
"""

import os
import sys

import crashinject


def sync(path, flags):
    fd = os.open(path, flags)
    os.fsync(fd)
    os.close(fd)


def save(value):
    with open("value.new", "w") as file:
        file.write(value)
    crashinject.point("store.written")
    if not os.environ.get("STORE_BUG"):
        sync("value.new", os.O_RDWR)
    os.rename("value.new", "value")
    crashinject.point("store.renamed")
    sync(".", os.O_RDONLY)
    crashinject.ack(value)


def check():
    with open(os.path.join(os.environ["CRASH_ACKED_DIR"], "points")) as file:
        acked = file.read().split()
    if not acked:
        return None
    with open("value", "rb") as file:
        there = file.read()
    return None if there >= acked[-1].encode() else "acknowledged %s, there is %r" % (acked[-1], there)


if __name__ == "__main__":
    if sys.argv[1] == "check":
        sys.exit(check())
    os.chdir(os.environ["CRASH_DIR"])
    for each in sys.argv[2:]:
        save(each)
