"""C++ source as the checks of this folder read it, and how they report what they find."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = re.compile(
    r"""(?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/)
    |(?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<number>\b\d[\w.']*)
    |(?P<char>'(?:[^'\\\n]|\\.)+')""",
    re.DOTALL | re.VERBOSE,
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def without_comments_and_text(source: str) -> str:
    """`source` with comments and literals blanked, every line and column where it was."""

    def blank(match: re.Match[str]) -> str:
        if match.group("number"):
            return match.group(0).replace("'", "_")  # 1'000 opens no character literal
        return re.sub(r"[^\n]", " ", match.group(0))

    return _TOKEN.sub(blank, source)


@dataclass(frozen=True)
class Include:
    line: int
    name: str
    is_system: bool


def includes_of(source: str) -> list[Include]:
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            found.append(Include(number, match.group(2), match.group(1) == "<"))
    return found


@dataclass
class Report:
    """Problems as `file:line: message`, the form editors jump to."""

    root: Path
    problems: list[str] = field(default_factory=list)

    def add(self, path: Path, line: int, message: str) -> None:
        self.problems.append(f"{path.relative_to(self.root).as_posix()}:{line}: {message}")

    def finish(self, what: str) -> int:
        """Prints the problems; the exit code."""
        for problem in self.problems:
            print(problem, file=sys.stderr)
        print(f"{what}: {len(self.problems) or 'no'} problem{'s' if len(self.problems) != 1 else ''}")
        return 1 if self.problems else 0


def sources_under(folder: Path, *suffixes: str) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in suffixes and p.is_file())
