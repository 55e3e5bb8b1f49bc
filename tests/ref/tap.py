#!/usr/bin/env python3
"""Runs the unittests of this directory and says how they went in TAP: tests/ref/tap.py [MODULE...]"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


class Tap(unittest.TestResult):
    def say(self, test, ok: bool, why: str = "", directive: str = "") -> None:
        print(f"{'ok' if ok else 'not ok'} {self.testsRun} - {test.id().replace('_', ' ')}{directive}")
        for line in why.rstrip().splitlines():
            print(f"# {line}")

    def addSuccess(self, test):
        self.say(test, True)

    def addSkip(self, test, reason):
        self.say(test, True, directive=f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say(test, False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.say(test, False, self.errors[-1][1])


def main() -> int:
    loader = unittest.TestLoader()
    names = sys.argv[1:] or sorted(f[:-3] for f in os.listdir(HERE) if f.startswith("test_") and f.endswith(".py"))
    suite = loader.loadTestsFromNames(names)
    print(f"1..{suite.countTestCases()}")
    result = Tap()
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
