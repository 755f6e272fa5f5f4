"""Lists the documents to count.

The whole contract with the server: the task comes as JSON on stdin, the result leaves as JSON on stdout.

Input:  `urls`, a list of addresses, or else `urls_file`, a text file with one a line, `#` for comments.
Result: {"urls": [...], "documents": <number of them>}, each address once, in the order given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "file")
WORKFLOW_DIRECTORY = Path(__file__).resolve().parent.parent
EX_CONFIG = 78  # "do not retry": the same input fails again


class BadInput(Exception):
    """The input is wrong; the message says where and how."""


def lines_of(urls_file: str) -> list[tuple[str, str]]:
    """The addresses in the file, each with the place to name when it is wrong."""
    path = WORKFLOW_DIRECTORY / urls_file  # an absolute path stays as it is
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read urls_file: {error}") from error
    lines = enumerate((line.strip() for line in text.splitlines()), 1)
    return [(f"{path}:{number}", line) for number, line in lines if line and not line.startswith("#")]


def entries_of(given: dict) -> list[tuple[str, str]]:
    urls = given.get("urls")
    if urls is None:
        urls_file = given.get("urls_file")
        if not isinstance(urls_file, str) or not urls_file:
            raise BadInput("give the input 'urls', a list of addresses, or 'urls_file', the path of a text file")
        return lines_of(urls_file)
    if isinstance(urls, str):
        urls = urls.split()
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise BadInput("the input 'urls' must be a list of texts")
    return [(f"urls[{index}]", url) for index, url in enumerate(urls)]


def is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.path if parts.scheme == "file" else parts.hostname)


def list_documents(given: dict) -> dict:
    entries = entries_of(given)
    wrong = [f"{place}: '{url}' is no http://, https:// or file:// address" for place, url in entries if not is_address(url)]
    if wrong:
        raise BadInput("\n".join(wrong))
    urls = list(dict.fromkeys(url for _, url in entries))
    if not urls:
        raise BadInput("there are no addresses in the list")
    return {"urls": urls, "documents": len(urls)}


def main() -> int:
    task = json.load(sys.stdin)
    try:
        result = list_documents(task["input"])
    except BadInput as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
