"""Fetches one document and counts its words.

The task comes in the file that AGENTAINER_TASK_FILE names, the result goes into the one that
AGENTAINER_RESULT_FILE names, so that stdout and stderr are free for the log.

Input:  `url`.
Result: {"url", "bytes", "words", "distinct", "seconds", "attempts", "counts": {word: n, …}}. The counts are
        complete, because totals need all of them: about 12 kB for a text of 6,000 words.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import time
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from http.client import HTTPException, InvalidURL
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener, url2pathname

# Exit codes of sysexits.h. The server never retries 78 and, by this workflow's retry_on, retries the others.
EX_TEMPFAIL = 75
EX_CONFIG = 78

RETRYABLE_STATUS = {408, 425, 429, 500, 502, 503, 504}
CHUNK_BYTES = 64 * 1024


class CannotCount(Exception):
    """Why the document cannot be counted, and whether another try may help."""

    def __init__(self, message: str, may_help: bool) -> None:
        super().__init__(message)
        self.may_help = may_help


class TextOfHtml(HTMLParser):
    """The text of a page, without its markup, scripts and styles."""

    HIDDEN = {"script", "style", "template"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self._hidden += tag in self.HIDDEN
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in self.HIDDEN and self._hidden > 0
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def count_words(text: str) -> Counter[str]:
    """Words as people see them: letters with their marks and digits, case folded, apostrophes inside kept."""
    text = unicodedata.normalize("NFC", text.casefold())
    table = {}
    for character in set(text):
        kind = unicodedata.category(character)
        if character in "'\N{RIGHT SINGLE QUOTATION MARK}":
            table[ord(character)] = "'"
        elif kind == "Cf":
            table[ord(character)] = None  # soft hyphens, joiners: inside a word, no part of it
        elif kind == "Lo" and unicodedata.name(character, "").startswith("CJK UNIFIED"):
            table[ord(character)] = f" {character} "  # written without spaces; each stands for itself
        elif kind[0] not in "LMN":
            table[ord(character)] = " "
    words = (word.strip("'") for word in text.translate(table).split())
    return Counter(word for word in words if any(c.isalpha() for c in word))


def decode(data: bytes, charset: str | None) -> str:
    """The text, by what the server says of it, else UTF-8, else Latin-1, which always decodes."""
    for encoding in (charset, "utf-8-sig"):
        try:
            if encoding and codecs.lookup(encoding):
                return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("latin-1")


def read_bounded(stream, max_bytes: int, deadline: float) -> bytes:
    data = bytearray()
    while chunk := stream.read1(CHUNK_BYTES):
        data += chunk
        if len(data) > max_bytes:
            raise CannotCount(f"larger than {max_bytes} bytes", may_help=False)
        if time.monotonic() > deadline:
            raise CannotCount("the download took too long", may_help=True)
    return bytes(data)


def is_loopback(host: str | None) -> bool:
    return host is not None and (host == "localhost" or host == "::1" or host.startswith("127."))


def fetch_http(url: str, max_bytes: int, seconds: float) -> tuple[bytes, str]:
    """The body, and its text type with the character set."""
    deadline = time.monotonic() + seconds
    # A proxy of the environment cannot reach this machine's own addresses.
    opener = build_opener(ProxyHandler({})) if is_loopback(urlsplit(url).hostname) else build_opener()
    request = Request(url, headers={"User-Agent": "agentainer-word-count", "Accept": "text/*", "Accept-Encoding": "identity"})
    try:
        with opener.open(request, timeout=seconds) as response:
            data = read_bounded(response, max_bytes, deadline)
            # http.client takes a connection that breaks early for the end of the document.
            announced = response.headers.get("Content-Length", "")
            if announced.isdigit() and len(data) < int(announced):
                raise CannotCount(f"the connection ended after {len(data)} of {announced} bytes", may_help=True)
            return data, response.headers.get("Content-Type", "text/plain")
    except HTTPError as error:
        raise CannotCount(f"HTTP {error.code} {error.reason}", error.code in RETRYABLE_STATUS) from error
    except (InvalidURL, ValueError) as error:
        raise CannotCount(f"not an address to fetch: {error}", may_help=False) from error
    except (URLError, HTTPException, OSError) as error:
        raise CannotCount(f"cannot fetch: {getattr(error, 'reason', None) or error!r}", may_help=True) from error


def fetch_file(url: str, max_bytes: int, seconds: float) -> tuple[bytes, str]:
    try:
        with open(url2pathname(urlsplit(url).path), "rb") as stream:
            return read_bounded(stream, max_bytes, time.monotonic() + seconds), "text/plain"
    except OSError as error:
        raise CannotCount(f"{error.strerror}: {error.filename}", may_help=False) from error


def text_of(url: str, max_bytes: int, seconds: float) -> tuple[str, int]:
    """The document's text and its size as it came."""
    fetch = fetch_file if urlsplit(url).scheme == "file" else fetch_http
    data, content_type = fetch(url, max_bytes, seconds)
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if not kind.startswith("text/") and not kind.endswith(("json", "xml")):
        raise CannotCount(f"is {kind}, not text", may_help=False)
    _, _, charset = parameters.partition("charset=")
    text = decode(data, charset.split(";")[0].strip(" \"'") or None)
    if "\0" in text:
        raise CannotCount("is binary, not text", may_help=False)
    if kind in ("text/html", "application/xhtml+xml"):
        page = TextOfHtml()
        page.feed(text)
        page.close()
        text = "".join(page.parts)
    return text, len(data)


def count_document(url: str, attempt: int) -> dict:
    begun = time.monotonic()
    text, size = text_of(url, int(os.environ.get("MAX_DOCUMENT_BYTES", 16 << 20)), float(os.environ.get("FETCH_SECONDS", 20)))
    counts = count_words(text)
    return {
        "url": url,
        "bytes": size,
        "words": sum(counts.values()),
        "distinct": len(counts),
        "seconds": round(time.monotonic() - begun, 4),
        "attempts": attempt,
        "counts": dict(counts.most_common()),
    }


def main() -> int:
    with open(os.environ["AGENTAINER_TASK_FILE"], encoding="utf-8") as file:
        task = json.load(file)
    url = task["input"]["url"]
    try:
        result = count_document(url, task.get("attempt", 1))
    except CannotCount as error:
        # The last lines of stderr are the error that the workflow reports.
        print(error, file=sys.stderr)
        return EX_TEMPFAIL if error.may_help else EX_CONFIG
    print(f"{url}: {result['words']} words")
    with open(os.environ["AGENTAINER_RESULT_FILE"], "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
