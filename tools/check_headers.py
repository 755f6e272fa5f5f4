#!/usr/bin/env python3
"""Compiles every header of src/ alone, twice in one file: it includes what it uses, and may come twice.

A precompiled header hides a missing include from the build; this does not use it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_text import Report, sources_under

FLAGS = ["-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]


def compile_alone(compiler: list[str], root: Path, header: Path, scratch: Path) -> str:
    """The compiler's message, empty when the header stands alone."""
    name = header.relative_to(root / "src").as_posix()
    stub = scratch / (name.replace("/", "__") + ".cc")
    stub.write_text(f'#include "{name}"\n#include "{name}"\n', encoding="utf-8")
    command = [*compiler, *FLAGS, f"-I{root / 'src'}", "-c", str(stub), "-o", str(stub.with_suffix(".o"))]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch).stderr.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = parser.parse_args()
    root = options.root.resolve()
    compiler = [options.compiler]
    if shutil.which("ccache"):
        compiler.insert(0, "ccache")
    report = Report(root)
    headers = sources_under(root / "src", ".h")
    scratch = root / "build" / "headers"  # A fixed place, so that ccache knows the stubs again.
    scratch.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        messages = pool.map(lambda h: compile_alone(compiler, root, h, scratch), headers)
        for header, message in zip(headers, messages):
            if message:
                report.add(header, 1, "does not compile alone:\n" + message)
    return report.finish(f"{len(headers)} headers alone")


if __name__ == "__main__":
    sys.exit(main())
