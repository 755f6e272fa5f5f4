#!/usr/bin/env python3
"""Runs clang-tidy on src/ (not on tests), the files of a folder together.

Nearly all of clang-tidy's time goes into the headers of the libraries, so the files of a folder are read as one
translation unit. Those whose file-local names clash with others' go into a unit of their own; the compiler tells which
these are. A unit that passed is remembered in build/tidy by its content and the headers', and not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_text import sources_under

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "build" / "tidy"
TOOL = "clang-tidy-14"
COMPILER = "clang++-14"
MOST_FILES = 12

_DIAGNOSTIC = re.compile(r"^\S+?:\d+:\d+: (?:warning|error|note): ")
_ERROR = re.compile(r"^(\S+?):\d+:\d+: (?:fatal )?error: ", re.MULTILINE)


def digest(*parts: bytes) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "little") + part)
    return sha.hexdigest()[:32]


FLAGS = ["-std=c++20", f"-I{ROOT / 'src'}", "-w"]


def write_unit(files: list[Path], key: str) -> Path:
    unit = SCRATCH / f"{key}.cc"
    unit.write_text("".join(f'#include "{f}"\n' for f in files), encoding="utf-8")
    return unit


def files_that_clash(files: list[Path], key: str) -> set[Path]:
    """Those of the files that do not compile after the ones before them."""
    command = [COMPILER, *FLAGS, "-fsyntax-only", "-ferror-limit=0", str(write_unit(files, key))]
    messages = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return {Path(name) for name in _ERROR.findall(messages)} & set(files)


def run_tool(files: list[Path], key: str) -> str:
    """What clang-tidy says of the files as one translation unit; empty when it has nothing to say."""
    command = [TOOL, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", f"--header-filter={re.escape(str(ROOT))}/src/",
               str(write_unit(files, key)), "--", *FLAGS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return "\n".join(lines) or done.stderr.strip() or f"{TOOL} ended with {done.returncode}"


def check(files: list[Path], common: bytes) -> list[str]:
    """The findings in the files, one text for each unit they had to be split into."""
    key = digest(common, *(str(f).encode() + b"\0" + f.read_bytes() for f in files))
    passed = SCRATCH / f"{key}.passed"
    if passed.exists():
        passed.touch()
        return []
    try:
        clashing = files_that_clash(files, key) if len(files) > 1 else set()
        apart = [f for f in files if f in clashing]
        if apart and len(apart) < len(files):
            said = check([f for f in files if f not in clashing], common) + check(apart, common)
        elif apart:
            said = [text for f in files for text in check([f], common)]
        else:
            said = [text for text in [run_tool(files, key)] if text]
    finally:
        (SCRATCH / f"{key}.cc").unlink(missing_ok=True)
    if not said:
        passed.touch()
    return said


def without_repetition(texts: list[str]) -> list[str]:
    """The diagnostics with their source lines; one in a header is found again by every group."""
    seen, kept, keep = set(), [], True
    for line in "\n".join(texts).splitlines():
        line = line.replace(f"{ROOT}/", "")
        if _DIAGNOSTIC.match(line):
            keep = line not in seen
            seen.add(line)
        if keep:
            kept.append(line)
    return kept


def forget_old(most: int = 2000) -> None:
    remembered = sorted(SCRATCH.glob("*.passed"), key=lambda p: p.stat().st_mtime)
    for path in remembered[:-most]:
        path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="default: every .cc of src/ but tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    SCRATCH.mkdir(parents=True, exist_ok=True)

    files = [f.resolve() for f in options.files] or sources_under(ROOT / "src", ".cc")
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        if not re.search(r"_(test|fuzz|bench)$", file.stem):
            folders[file.parent].append(file)
    groups = [members[i:i + MOST_FILES] for members in folders.values() for i in range(0, len(members), MOST_FILES)]
    groups.sort(key=len, reverse=True)

    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    headers = b"".join(str(h).encode() + h.read_bytes() for h in sources_under(ROOT / "src", ".h"))
    common = digest(version, (ROOT / ".clang-tidy").read_bytes(), headers).encode()
    with ThreadPoolExecutor(options.jobs) as pool:
        texts = [text for found in pool.map(lambda g: check(g, common), groups) for text in found]
    forget_old()
    for line in without_repetition(texts):
        print(line, file=sys.stderr)
    print(f"clang-tidy on {sum(map(len, groups))} files: {'problems' if texts else 'no problems'}")
    return 1 if texts else 0


if __name__ == "__main__":
    sys.exit(main())
