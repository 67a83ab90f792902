# SPDX-License-Identifier: MIT
import pathlib
import sys

import crashinject

STORE = [sys.executable, str(pathlib.Path(__file__).with_name("store.py"))]


def test_the_store_is_crash_safe():
    crashinject.explore(STORE + ["save", "1", "2"], STORE + ["check"], models=["ext4"])
