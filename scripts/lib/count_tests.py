"""Adds up test results: names what was skipped or failed and prints the closing line.

usage: count_tests.py [--add ITEMS]... [[BUILD=]JUNIT.xml ...]
  JUNIT.xml  written by ctest --output-junit; BUILD stands before the names of its tests
  ITEMS      lines "passed NAME", "failed NAME" or "skipped NAME": what no test program counts
Exit status 1 when anything failed or nothing was counted.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree

OUTCOME_OF_STATUS = {"run": "passed", "fail": "failed", "notrun": "skipped", "disabled": "skipped"}


def junit_results(argument):
    """(outcome, name, reason) of every test in a file of ctest."""
    build, _, path = argument.rpartition("=")
    prefix = f"{build}: " if build else ""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        reason = skipped.get("message", "") if skipped is not None else ""
        outcome = OUTCOME_OF_STATUS.get(case.get("status"), "failed")
        # ctest also says "notrun" of a program that is not there: that is no skip.
        if outcome == "skipped" and "SKIP" not in reason and case.get("status") != "disabled":
            outcome = "failed"
        name = prefix + case.get("name").split("  # GetParam")[0]
        yield outcome, name, gtest_skip_reason(case)


def gtest_skip_reason(case):
    """What a test said in GTEST_SKIP: the line after "Skipped" in its output."""
    lines = (case.findtext("system-out") or "").splitlines()
    for line, following in zip(lines, lines[1:]):
        if line.strip().endswith("Skipped"):
            return following.strip()
    return ""


def item_results(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            outcome, name = line.rstrip("\n").split(" ", 1)
            yield outcome, name, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("junit", nargs="*")
    parser.add_argument("--add", action="append", default=[])
    arguments = parser.parse_args()
    results = [r for path in arguments.junit for r in junit_results(path)]
    results += [r for path in arguments.add for r in item_results(path)]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for outcome, name, reason in results:
        counts[outcome] += 1
        if outcome != "passed":
            print(f"{outcome}: {name}" + (f" ({reason})" if reason else ""))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
