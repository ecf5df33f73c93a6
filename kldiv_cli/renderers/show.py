"""The one place where foreign text becomes safe to print.

Labels, file names and arguments come from data. Whatever prints them passes them through
here, so that they cannot move a cursor, colour a terminal, hide text, command a CI runner,
or turn into markup or a formula.
"""

from __future__ import annotations

import re

# What GitHub Actions takes for a command where it begins a line.
_COMMAND = re.compile(r"(\s*)(::|##\[)")
_MARKDOWN = re.compile(r"([\\`*_\[\](){}#!|~$])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"})
_FORMULA = ("=", "+", "-", "@")


def show(text: str, width: int | None = None, *, unicode: bool = True) -> str:
    r"""Return `text` on one line, with nothing in it that acts.

    Controls, bidirectional and invisible characters, line breaks and lone surrogates
    become escapes such as ``\x1b`` and ``\u202e``; a text that would begin a CI command
    has its first character escaped. A text wider than `width` columns is cut, and ends in
    an ellipsis.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    if command := _COMMAND.match(text):
        at = command.end(1)
        text = text[:at] + _escape(text[at]) + text[at + 1 :]
    if not unicode and not text.isascii():
        text = "".join(c if c.isascii() else _escape(c) for c in text)
    return text if width is None else _cut(text, width, "…" if unicode else "...")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # A byte of a file name that is not UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def columns(text: str) -> int:
    """Return how many terminal columns a shown text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _cut(text: str, width: int, ellipsis: str) -> str:
    # Combining marks take no column: a bound on the characters keeps a tower of them down.
    if columns(text) <= width and len(text) <= 4 * width:
        return text
    kept = text[: 4 * width]
    while kept and columns(kept) > width - len(ellipsis):
        kept = kept[:-1]
    return kept + ellipsis


def pad(text: str, width: int) -> str:
    """Return a shown text followed by blanks up to `width` columns."""
    return text + " " * (width - columns(text))


def markdown(text: str, width: int = 120) -> str:
    """Return `text` for a cell of a Markdown table: no markup, mention, link or HTML."""
    return _MARKDOWN.sub(r"\\\1", show(text, width)).translate(_ENTITIES)


def cell(text: str) -> str:
    """Return `text` for a cell of a CSV file that no spreadsheet takes for a formula."""
    shown = show(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
