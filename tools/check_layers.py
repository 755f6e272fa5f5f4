#!/usr/bin/env python3
"""Holds src/ to its layers: who may include whom, what the pure folders may not touch, a README in each.

The table is the one of docs/architecture.md. A folder missing in it is a problem, so a new folder has to say
here what it stands on.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from source_text import Report, includes_of, sources_under, without_comments_and_text

ALL = "all"

# Folder -> folders, or single headers, that its files may include beside its own.
MAY_INCLUDE: dict[str, set[str]] = {
    "base": set(),
    "expr": {"base"},
    "workflow": {"base", "expr"},
    "engine": {"base", "expr", "workflow"},
    "pool": {"base"},
    "net": {"base"},
    "store": {"base", "engine", "net"},
    "runtime": {"base", "net"},
    "shim": {"base"},
    "server": {"base", "expr", "workflow", "engine", "pool", "store/store.h", "runtime/runtime.h"},
    # What is stored and what agents wrote is only read here, through the interfaces.
    "api": {"base", "net", "workflow", "engine", "server", "store/store.h", "runtime/logs.h", "runtime/text.h"},
    "cli": {ALL},
    "sim": {"base", "expr", "workflow", "engine", "pool", "store", "runtime", "shim", "server"},
}

# What the tests of a folder may include besides: the doubles they run the folder against.
TESTS_MAY_INCLUDE: dict[str, set[str]] = {
    "server": {"store", "runtime", "sim"},
    "api": {"store", "runtime", "expr", "sim"},
}

PURE = {"expr", "workflow", "engine", "pool"}

_IMPURE_HEADERS = re.compile(
    r"""^(?:
      random|thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|latch|barrier|stop_token
    | iostream|fstream|filesystem|syncstream|print|csignal|ctime
    | (?:unistd|fcntl|poll|pthread|signal|spawn|time|dirent|sched|netdb)\.h
    | (?:sys|netinet|arpa|linux)/.*
    | boost/(?:asio|beast|thread|process|filesystem|random).*
    | (?:hiredis|spdlog|openssl)/.*
    | base/(?:log|executor)\.h
    )$""",
    re.VERBOSE,
)
_IMPURE_CALLS = re.compile(
    r"""\b(?P<what>
      (?:system|steady|high_resolution|utc|file)_clock\s*::\s*now
    | std\s*::\s*(?:cout|cerr|clog|cin|async|thread|mutex|random_device|mt19937(?:_64)?)
    | (?:getenv|setenv|gettimeofday|clock_gettime|fopen|freopen|popen|system|sleep_for|usleep|nanosleep|srand|rand
        |getpid|fork|printf|fprintf|puts)\s*(?=\()
    | (?:std::|::)time\s*(?=\()
    | thread_local
    )""",
    re.VERBOSE,
)
_UNORDERED = re.compile(r"\bunordered_(?:flat_|node_)?(?:multi)?(?:map|set)\s*<")
_RANGE_FOR = re.compile(r"\bfor\s*\(((?:[^();]|\([^()]*\))*?[^:]):(?!:)\s*([^;{]*?)\)\s*(?:\{|[\w(*+\-]|$)", re.MULTILINE)
_BEGIN = re.compile(r"\b(\w+)\s*(?:\.|->)\s*c?begin\s*\(")


def is_test(path: Path) -> bool:
    return re.search(r"(^|_)(test|testing|fuzz|bench)(_|$)", path.stem) is not None


def check_includes(report: Report, folder: str, path: Path, source: str, folders: set[str]) -> None:
    allowed = MAY_INCLUDE[folder] | {folder}
    if is_test(path):
        allowed = allowed | TESTS_MAY_INCLUDE.get(folder, set())
    for include in includes_of(source):
        target = include.name.split("/")[0]
        if "/" not in include.name or target not in folders | set(MAY_INCLUDE):
            continue
        if ALL in allowed or target in allowed or include.name in allowed:
            continue
        names = ", ".join(sorted(allowed - {folder})) or "nothing else of src/"
        report.add(path, include.line, f"{folder}/ may not include {include.name} (it may include: {names})")


def names_of_unordered(code: str) -> set[str]:
    """Variables and members declared as an unordered container."""
    names = set()
    for match in _UNORDERED.finditer(code):
        depth, end = 1, match.end()
        while end < len(code) and depth:
            depth += {"<": 1, ">": -1}.get(code[end], 0)
            end += 1
        declared = re.match(r"[\s&*]*(\w+)\s*(?:[;={(,)]|$)", code[end:])
        if declared:
            names.add(declared.group(1))
    return names


def check_purity(report: Report, path: Path, source: str, code: str, unordered: set[str]) -> None:
    lines = source.splitlines()
    for include in includes_of(source):
        if _IMPURE_HEADERS.match(include.name):
            report.add(path, include.line, f"a pure folder may not include {include.name}")
    for match in _IMPURE_CALLS.finditer(code):
        name = re.sub(r"\s+", "", match.group("what"))
        report.add(path, code.count("\n", 0, match.start()) + 1, f"a pure folder may not use {name}")

    def iterates(offset: int, what: str) -> None:
        line = code.count("\n", 0, offset) + 1
        name = re.search(r"(\w+)\s*(?:\(\s*\))?$", what.strip())
        if name and name.group(1) in unordered and "any order:" not in lines[line - 1]:
            report.add(path, line, f"iterates over the unordered container '{name.group(1)}'; the order would decide what "
                                   "happens (sort it, or say why it cannot matter in a comment 'any order: …' on the line)")

    for match in _RANGE_FOR.finditer(code):
        iterates(match.start(), match.group(2))
    for match in _BEGIN.finditer(code):
        iterates(match.start(), match.group(1))


def check_folder(report: Report, folder: Path, folders: set[str]) -> None:
    name = folder.name
    sources = sources_under(folder, ".cc", ".h")
    if name not in MAY_INCLUDE:
        report.add(folder, 1, f"folder '{name}' is not in the dependency table of tools/check_layers.py")
        return
    if sources and not (folder / "README.md").is_file():
        report.add(folder, 1, "no README.md that says what the folder is for and what it may not know")
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    for path, source in texts.items():
        check_includes(report, name, path, source, folders)
    if name not in PURE:
        return
    codes = {path: without_comments_and_text(source) for path, source in texts.items()}
    declared = {path: names_of_unordered(code) for path, code in codes.items()}
    for path in sources:
        if not is_test(path):
            included = [folder.parent / include.name for include in includes_of(texts[path])]
            visible = declared[path].union(*(declared.get(header, set()) for header in included))
            check_purity(report, path, texts[path], codes[path], visible)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    report = Report(root)
    folders = sorted(p for p in (root / "src").iterdir() if p.is_dir())
    for folder in folders:
        check_folder(report, folder, {f.name for f in folders})
    return report.finish("layers")


if __name__ == "__main__":
    sys.exit(main())
