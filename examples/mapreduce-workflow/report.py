"""Prints the result of the word count as a table that a person reads.

    python3 report.py RESULT.json        `-` reads standard input
"""

from __future__ import annotations

import json
import sys

BAR_WIDTH = 30


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def headline(totals: dict) -> str:
    line = (f"{totals['counted']} of {plural(totals['documents'], 'document')} counted: {plural(totals['words'], 'word')}, "
            f"{totals['distinct']:,} different ones, {totals['bytes'] / 1024:,.0f} KiB")
    return line + (f"; {totals['failed']} failed" if totals["failed"] else "")


def top_words(entries: list[dict]) -> list[str]:
    if not entries:
        return []
    width = max(len(entry["word"]) for entry in entries)
    digits = max(len(f"{entry['count']:,}") for entry in entries)
    most = entries[0]["count"]
    lines = [f"  {rank:3}  {entry['word']:{width}}  {entry['count']:>{digits},}  {'▇' * round(BAR_WIDTH * entry['count'] / most)}".rstrip()
             for rank, entry in enumerate(entries, 1)]
    return ["Most frequent words", *lines, ""]


def documents(entries: list[dict]) -> list[str]:
    if not entries:
        return []
    lines = [f"  {entry['words']:>9,}  {entry['distinct']:>9,}  {entry['bytes']:>9,}  {entry['seconds'] * 1000:>7.1f} ms  "
             f"{entry['attempts']:>5}  {entry['url']}" for entry in sorted(entries, key=lambda e: (-e["words"], e["url"]))]
    return ["Documents", f"  {'words':>9}  {'different':>9}  {'bytes':>9}  {'time':>10}  {'tries':>5}  address", *lines, ""]


def failures(entries: list[dict]) -> list[str]:
    lines = []
    for entry in entries:
        tries = plural(entry["attempts"], "try").replace("trys", "tries")
        lines += [f"  {entry['url']}", f"    after {tries}:"]
        lines += [f"    {line}" for line in str(entry["message"]).splitlines()]
    return ["Failed", *lines, ""] if lines else []


def table(result: dict) -> str:
    parts = [headline(result["totals"]), "", *top_words(result["top_words"]), *documents(result["documents"]),
             *failures(result["failures"])]
    return "\n".join(parts).rstrip() + "\n"


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.argv[1] == "-":
        result = json.load(sys.stdin)
    else:
        with open(sys.argv[1], encoding="utf-8") as file:
            result = json.load(file)
    # Words of any script must print, whatever the locale.
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
