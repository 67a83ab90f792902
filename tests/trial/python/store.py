# SPDX-License-Identifier: MIT
"""A value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before."""
import os

import crashinject


def save(directory, value):
    path = os.path.join(directory, "value")
    with open(path + ".new", "w") as file:
        file.write(value)
        file.flush()
        if not os.environ.get("STORE_BUG"):
            os.fsync(file.fileno())
    crashinject.point("store.written")
    os.rename(path + ".new", path)
    fd = os.open(directory, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    crashinject.ack(value)
