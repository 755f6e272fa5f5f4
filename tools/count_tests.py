#!/usr/bin/env python3
"""Counts the tests in a JUnit file of ctest: prints `<passed> <failed> <skipped>`, and on stderr the names of the
failed and skipped ones. A Python file counts as the test cases it ran, not as one.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree

_RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
_ENDED = re.compile(r"^(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)


def of_python(output: str) -> tuple[int, int, int] | None:
    """Counts of one unittest run; None when it never got to its summary."""
    ran, ended = _RAN.search(output), _ENDED.search(output)
    if not ran or not ended:
        return None
    counts = {key.strip(): int(n) for key, n in re.findall(r"([\w ]+)=(\d+)", ended.group(1) or "")}
    failed = sum(counts.get(key, 0) for key in ("failures", "errors", "unexpected successes"))
    skipped = counts.get("skipped", 0)
    return max(int(ran.group(1)) - failed - skipped, 0), failed, skipped


def of_case(case: ElementTree.Element) -> tuple[int, int, int]:
    did_fail = case.get("status") in ("fail", "notrun") and case.find("skipped") is None
    counts = of_python(case.findtext("system-out") or "")
    if counts and bool(counts[1]) == did_fail:
        return counts
    if did_fail:
        return 0, 1, 0
    return (0, 0, 1) if case.find("skipped") is not None or case.get("status") == "disabled" else (1, 0, 0)


def main() -> int:
    total = [0, 0, 0]
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        counts = of_case(case)
        total = [a + b for a, b in zip(total, counts)]
        for count, word in zip(counts[1:], ("failed", "skipped")):
            if count:
                print(f"  {word}: {case.get('name')}" + (f" ({count})" if count > 1 else ""), file=sys.stderr)
    print(*total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
