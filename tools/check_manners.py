#!/usr/bin/env python3
"""Repository manners: nothing of one machine, no binary or huge files, clean line ends.

Looks at the files git tracks (or all, where there is no git). Seeds of fuzzers, in folders of tests/fuzz, may be any
bytes but small.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from source_text import Report

MAX_FILE_BYTES = 512 * 1024
MAX_SEED_BYTES = 16 * 1024
# Test data of others, kept as it came.
VERBATIM = ("tests/conformance/",)
SKIPPED_FOLDERS = {".git", "build", ".cache", "__pycache__"}

# Homes of people; `user` and `me` are nobody's, for examples in documents.
_HOME = re.compile(r"(?<![\w.$}])/(?:home/(?!(?:user|me)\b)[a-z_][\w-]*|Users/\w+|root)/")
_CONFLICT = re.compile(r"^(?:<{7} |>{7} |={7}$)")


def tracked_files(root: Path) -> list[Path]:
    git = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    if git.returncode == 0 and git.stdout:
        names = git.stdout.decode().split("\0")
        return [root / name for name in names if name and (root / name).is_file()]
    return sorted(p for p in root.rglob("*") if p.is_file() and not SKIPPED_FOLDERS & set(p.relative_to(root).parts))


def check_lines(report: Report, path: Path, text: str, checkout: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if checkout in line or _HOME.search(line):
            report.add(path, number, "names a path of one machine")
        if line.endswith((" ", "\t", "\r")):
            report.add(path, number, "white space at the end of the line")
        if _CONFLICT.match(line):
            report.add(path, number, "an unresolved merge")
    if text and not text.endswith("\n"):
        report.add(path, text.count("\n") + 1, "no new line at the end of the file")


def check_file(report: Report, path: Path, checkout: str) -> None:
    if path.is_symlink():
        report.add(path, 1, "a symbolic link")
        return
    data = path.read_bytes()
    is_seed = path.relative_to(report.root).parts[:-2] == ("tests", "fuzz")
    limit = MAX_SEED_BYTES if is_seed else MAX_FILE_BYTES
    if len(data) > limit:
        report.add(path, 1, f"{len(data)} bytes, more than {limit}")
    if is_seed:
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        report.add(path, 1, "a binary file")
    elif not path.relative_to(report.root).as_posix().startswith(VERBATIM):
        check_lines(report, path, text, checkout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    report = Report(root)
    # A checkout at `/src` or the like would match much else.
    checkout = f"{root}/" if len(root.parts) > 2 else "\0"
    files = tracked_files(root)
    for path in files:
        check_file(report, path, checkout)
    return report.finish(f"manners of {len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
