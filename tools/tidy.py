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


class Tidy:
    """One run over a checkout. `common` is what all results depend on besides the files themselves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.scratch = root / "build" / "tidy"
        self.scratch.mkdir(parents=True, exist_ok=True)
        # The version is the build's to define; any will do here.
        self.flags = ["-std=c++20", f"-I{root / 'src'}", "-w", '-DAGENTAINER_VERSION="0"']
        self.config = root / ".clang-tidy"
        version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
        headers = b"".join(str(h).encode() + h.read_bytes() for h in sources_under(root / "src", ".h"))
        self.common = digest(version, self.config.read_bytes(), headers).encode()

    def check(self, files: list[Path]) -> list[str]:
        """The findings in the files, one text for each unit they had to be split into."""
        key = digest(self.common, *(str(f).encode() + b"\0" + f.read_bytes() for f in files))
        passed = self.scratch / f"{key}.passed"
        if passed.exists():
            passed.touch()
            return []
        unit = self.scratch / f"{key}.cc"
        unit.write_text("".join(f'#include "{f}"\n' for f in files), encoding="utf-8")
        try:
            clashing = self.files_that_clash(files, unit) if len(files) > 1 else set()
            apart = [f for f in files if f in clashing]
            if not apart:
                said = [text for text in [self.run_tool(unit)] if text]
            elif len(apart) < len(files):
                said = self.check([f for f in files if f not in clashing]) + self.check(apart)
            else:
                said = [text for f in files for text in self.check([f])]
        finally:
            unit.unlink()
        if not said:
            passed.touch()
        return said

    def files_that_clash(self, files: list[Path], unit: Path) -> set[Path]:
        """Those of the files that do not compile after the ones before them."""
        command = [COMPILER, *self.flags, "-fsyntax-only", "-ferror-limit=0", str(unit)]
        messages = subprocess.run(command, capture_output=True, text=True, check=False).stderr
        return {Path(name) for name in _ERROR.findall(messages)} & set(files)

    def run_tool(self, unit: Path) -> str:
        """What clang-tidy says of the unit; empty when it has nothing to say."""
        command = [TOOL, "--quiet", f"--config-file={self.config}", f"--header-filter={re.escape(str(self.root))}/src/",
                   str(unit), "--", *self.flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        return "\n".join(lines) or done.stderr.strip() or f"{TOOL} ended with {done.returncode}"

    def forget_old(self, most: int = 2000) -> None:
        remembered = sorted(self.scratch.glob("*.passed"), key=lambda p: p.stat().st_mtime)
        for path in remembered[:-most]:
            path.unlink()


def without_repetition(texts: list[str], root: Path) -> list[str]:
    """The diagnostics with their source lines; one in a header is found again by every unit."""
    seen, kept, keep = set(), [], True
    for line in "\n".join(texts).splitlines():
        line = line.replace(f"{root}/", "")
        if _DIAGNOSTIC.match(line):
            keep = line not in seen
            seen.add(line)
        if keep:
            kept.append(line)
    return kept


def groups_of(files: list[Path]) -> list[list[Path]]:
    """Files of one folder together, the large groups first."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        if not re.search(r"_(test|fuzz|bench)$", file.stem):
            folders[file.parent].append(file)
    groups = [members[i:i + MOST_FILES] for members in folders.values() for i in range(0, len(members), MOST_FILES)]
    return sorted(groups, key=len, reverse=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="default: every .cc of src/ but tests")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    tidy = Tidy(options.root.resolve())
    groups = groups_of([f.resolve() for f in options.files] or sources_under(tidy.root / "src", ".cc"))
    with ThreadPoolExecutor(options.jobs) as pool:
        texts = [text for found in pool.map(tidy.check, groups) for text in found]
    tidy.forget_old()
    for line in without_repetition(texts, tidy.root):
        print(line, file=sys.stderr)
    print(f"clang-tidy on {sum(map(len, groups))} files: {'problems' if texts else 'no problems'}")
    return 1 if texts else 0


if __name__ == "__main__":
    sys.exit(main())
