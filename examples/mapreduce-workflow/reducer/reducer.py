"""Adds the counts of all documents up.

Input:  `urls`; `results`, what the mapper returned for each of them, in their order, null where it failed; and
        `errors`, a list of {"index", "cause", "message", "attempts"}.
Result: {"word_count": {"totals", "top_words", "documents", "failures"}}, merged into the workflow's state.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter


def reduce_counts(given: dict, top: int) -> dict:
    counted = [result for result in given["results"] if result is not None]
    words: Counter[str] = Counter()
    for result in counted:
        words.update(result["counts"])
    failures = [
        {"url": given["urls"][error["index"]], **{key: error.get(key) for key in ("cause", "message", "attempts")}}
        for error in given.get("errors", [])
    ]
    # Most frequent first; equal ones by the alphabet, so that the same documents give the same answer.
    ranked = sorted(words.items(), key=lambda entry: (-entry[1], entry[0]))
    return {
        "totals": {
            "documents": len(given["results"]),
            "counted": len(counted),
            "failed": len(failures),
            "bytes": sum(result["bytes"] for result in counted),
            "words": sum(words.values()),
            "distinct": len(words),
        },
        "top_words": [{"word": word, "count": count} for word, count in ranked[:top]],
        "documents": [{key: value for key, value in result.items() if key != "counts"} for result in counted],
        "failures": failures,
    }


def main() -> int:
    with open(os.environ["AGENTAINER_TASK_FILE"], encoding="utf-8") as file:
        task = json.load(file)
    result = reduce_counts(task["input"], int(os.environ.get("TOP_WORDS", "12")))
    with open(os.environ["AGENTAINER_RESULT_FILE"], "w", encoding="utf-8") as file:
        json.dump({"word_count": result}, file, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
