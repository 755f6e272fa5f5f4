#!/usr/bin/env python3
"""Holds files to 500 lines and functions to 70, with a ratchet: what is over may shrink, not grow.

tools/size_ratchet.txt lists what is over, one `<lines> <path>` or `<lines> <path> <function>` a line. A new entry
is written there by hand, with a reason in the commit; `--update` lowers and removes entries and never raises one.
Functions of tests are not measured: a table of cases is as long as its cases.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from source_text import Report, sources_under, without_comments_and_text

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
FOLDERS = ("src", "tests", "tools", "examples", "sdk")
CPP = (".cc", ".h")
OTHER = (".py", ".lua", ".js", ".css", ".sh", ".cmake")

# What a scope that is no function starts with.
_NOT_A_FUNCTION = re.compile(r"^\s*(?:(?:inline|export|static|typedef|constexpr|const)\s+)*(?:namespace|class|struct|union|enum|extern\s*$)\b")
_INITIALISERS = re.compile(r"\)\s*(?:noexcept\s*(?:\([^()]*\))?\s*)?:(?!:)")
_BEFORE_HEAD = re.compile(r"(?:\s|\b(?:public|protected|private)\s*:)*")


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int


def closing_brace(code: str, opening: int) -> int:
    """Offset of the brace that closes the one at `opening`; the end of the text when there is none."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def opens_value(head: str) -> bool:
    """Whether the brace after `head` belongs to an expression, as in `= {`, `f({` or `: member_{`."""
    if head.count("(") > head.count(")") or head.rstrip().endswith(("=", ",", "return")):
        return True
    return bool(_INITIALISERS.search(head) and re.search(r"[\w>]\s*$", head))


def name_of(head: str) -> str:
    """The function's name from what stands before its body."""
    match = re.search(r"((?:~?\w+\s*(?:<[^<>()]*>)?\s*::\s*)*(?:operator\s*(?:\(\)|[^\s\w(]+|\w+)|~?\w+))\s*\(", head)
    return re.sub(r"\s+", "", match.group(1)) if match else "?"


def cpp_functions(source: str) -> list[Function]:
    """Bodies of functions, by their braces; a lambda counts as part of what it stands in."""
    code = without_comments_and_text(source)
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.MULTILINE)
    found = []
    start = 0  # of what may be the head of a function
    position = 0
    token = re.compile(r"[{};]")
    while match := token.search(code, position):
        position = match.end()
        head = code[start:match.start()]
        if match.group() != "{":
            start = start if match.group() == ";" and head.count("(") > head.count(")") else position
        elif opens_value(head):
            position = closing_brace(code, match.start()) + 1
        elif "(" not in head or _NOT_A_FUNCTION.match(re.sub(r"template\s*<[^{}]*?>\s*(?=\w)", "", head)):
            start = position  # a namespace or a type: look inside
        else:
            end = closing_brace(code, match.start())
            lead = len(_BEFORE_HEAD.match(head).group())
            first = code.count("\n", 0, start + lead) + 1
            found.append(Function(name_of(head), first, code.count("\n", 0, end) + 2 - first))
            start = position = end + 1
    return found


def python_functions(source: str) -> list[Function]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [Function(n.name, n.lineno, n.end_lineno - n.lineno + 1) for n in ast.walk(ast.parse(source)) if isinstance(n, kinds)]


def functions_of(path: Path, source: str) -> list[Function]:
    if re.search(r"(^|_)test(_|$)", path.stem):
        return []
    if path.suffix in CPP:
        return cpp_functions(source)
    return python_functions(source) if path.suffix == ".py" else []


@dataclass(frozen=True)
class Over:
    """Something larger than its limit."""

    path: Path
    line: int
    lines: int
    limit: int
    key: str  # as in the ratchet file, without the number


def find_over(root: Path) -> list[Over]:
    over = []
    for folder in FOLDERS:
        for path in sources_under(root / folder, *CPP, *OTHER):
            source = path.read_text(encoding="utf-8")
            name = path.relative_to(root).as_posix()
            lines = len(source.splitlines())
            if lines > MAX_FILE_LINES:
                over.append(Over(path, 1, lines, MAX_FILE_LINES, name))
            over += [Over(path, f.line, f.lines, MAX_FUNCTION_LINES, f"{name} {f.name}")
                     for f in functions_of(path, source) if f.lines > MAX_FUNCTION_LINES]
    return over


def read_ratchet(path: Path) -> dict[str, int]:
    entries = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        if line.strip() and not line.startswith("#"):
            lines, key = line.split(maxsplit=1)
            entries[key.strip()] = int(lines)
    return entries


def lower_ratchet(path: Path, largest: dict[str, int]) -> None:
    """Rewrites the entries that shrank, drops those that are within their limit now."""
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            lines, key = line.split(maxsplit=1)
            if key.strip() not in largest:
                continue
            line = f"{min(int(lines), largest[key.strip()])} {key.strip()}"
        kept.append(line)
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--update", action="store_true", help="lower the ratchet to what is there now")
    options = parser.parse_args()
    root = options.root.resolve()
    ratchet_file = root / "tools" / "size_ratchet.txt"
    largest: dict[str, Over] = {}  # overloads share a key; the largest counts
    for over in find_over(root):
        if over.key not in largest or largest[over.key].lines < over.lines:
            largest[over.key] = over
    if options.update:
        lower_ratchet(ratchet_file, {key: over.lines for key, over in largest.items()})
    ratchet = read_ratchet(ratchet_file)
    report = Report(root)
    for key, over in largest.items():
        allowed = ratchet.get(key)
        if allowed is None:
            report.add(over.path, over.line, f"{key}: {over.lines} lines, more than {over.limit}; split it by subject")
        elif over.lines > allowed:
            report.add(over.path, over.line, f"{key}: grew from {allowed} to {over.lines} lines; it may only shrink")
    for key, allowed in ratchet.items():
        if key not in largest or largest[key].lines < allowed:
            report.add(ratchet_file, 1, f"{key} has shrunk, thank you; lower the ratchet with tools/check_sizes.py --update")
    return report.finish("sizes")


if __name__ == "__main__":
    sys.exit(main())
