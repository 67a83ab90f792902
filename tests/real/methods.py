# SPDX-License-Identifier: MIT
"""Runs a module of CPython's own tests and writes one line a test method: its name and how it ended.

Usage: methods.py RESULTS MODULE
"""
import sys
import unittest

from test import support


class Result(unittest.TextTestResult):
    """Keeps how each test ended; a subtest that fails makes its method fail."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ends = {}

    def note(self, test, end):
        test = getattr(test, "test_case", test)  # of a subtest
        if self.ends.get(test.id()) not in ("FAIL", "ERROR"):
            self.ends[test.id()] = end

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "ok")

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "ERROR")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, "FAIL")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped")

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.note(test, "expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "unexpected success")

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.note(test, "FAIL")


def main():
    results, module = sys.argv[1:]
    support.verbose = 0
    suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
    runner = unittest.TextTestRunner(sys.stdout, verbosity=0, resultclass=Result)
    outcome = runner.run(suite)
    with open(results, "w", encoding="utf-8") as file:
        for name, end in sorted(outcome.ends.items()):
            file.write(f"{name} {end}\n")


if __name__ == "__main__":
    main()
