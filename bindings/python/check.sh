#!/bin/sh
# SPDX-License-Identifier: MIT
# The binding for Python, by pytest where it is installed and else by unittest.
. "${srcdir:-.}/bindings/check_common.sh"
needs python3
# the interpreter itself: what python3 is may be a script that does work of its own
python=$(python3 -c 'import sys; print(sys.executable)') || skip "python3 does not work"
PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
if "$python" -c 'import pytest' 2>/dev/null; then
	"$python" -m pytest -q -p no:cacheprovider tests || fail "pytest"
else
	"$python" -m unittest discover -s tests || fail "unittest"
fi
cd example || exit 99
if "$python" -c 'import pytest' 2>/dev/null; then
	smallest "$python" -m pytest -q -p no:cacheprovider test_store.py
else
	smallest "$python" -c 'import test_store; test_store.test_the_store_is_crash_safe()'
fi
finish
