"""The one place where foreign text becomes safe to print.

Labels, file names and arguments come from data. Whatever prints them passes them through
here, so that they cannot move a cursor, colour a terminal, hide text, command a CI runner,
or turn into markup or a formula.
"""

from __future__ import annotations

import json
import re

# GitHub Actions takes `::` for a command where it begins a line, and a line may be wrapped
# before any word, or go on with a colon after a path; `##[` and Azure's `##vso[` are commands
# anywhere in a line.
_COMMAND = re.compile(r"(?<!\S):(?=:|\Z)|#(?=#\w*(?:\[|\Z))")
# A backslash or a whole pair, which stay; or half a pair.
_LONE_SURROGATE = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\u(d[89a-f]..)")
_MARKDOWN = re.compile(r"([\\`*_\[\](){}#!|~$])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"})
_FORMULA = tuple("=+-@＝＋－＠")


def show(text: str, width: int | None = None, *, unicode: bool = True) -> str:
    r"""Return `text` on one line, with nothing in it that acts.

    Controls, bidirectional and invisible characters, line breaks and lone surrogates
    become escapes such as ``\x1b`` and ``\u202e``; the first character of what a CI runner
    would take for a command is escaped, too. A text wider than `width` columns is cut, and
    ends in an ellipsis.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    text = _COMMAND.sub(lambda command: _escape(command[0]), text)
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


def folded(text: str, width: int) -> list[str]:
    r"""Return a shown text as lines of at most `width` columns, broken between words.

    A number keeps its percent sign. A word that is longer is cut into pieces; as none of these
    may begin with a command of a CI runner, colons in a row become ``\x3a`` in it.
    """
    lines, line = [], ""
    for word in re.split(r" (?!%)", text):
        if columns(word) > width:
            word = re.sub(r":(?=:)", r"\\x3a", word)
        if line and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while columns(line) > width or len(line) > 4 * width:
            piece = line[: 4 * width]
            while columns(piece) > width:
                piece = piece[:-1]
            lines.append(piece)
            line = line[len(piece) :]
    return [*lines, line]


def markdown(text: str, width: int = 120) -> str:
    """Return `text` for a cell of a Markdown table: no markup, mention, link or HTML."""
    plain = _MARKDOWN.sub(r"\\\1", show(text, width)).translate(_ENTITIES)
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", plain)


def document(value: object) -> str:
    """Return a JSON document in ASCII: no text in it can act on what displays it.

    Half of a surrogate pair, as in a file name that is not UTF-8, is no text, and some
    parsers refuse all of a document that holds one: it is escaped as `show` does.
    """
    text = json.dumps(value, indent=2, allow_nan=False)
    text = _LONE_SURROGATE.sub(lambda m: m[1] or f"\\{_escape(chr(int(m[2], 16)))}", text)
    return _COMMAND.sub(lambda command: f"\\u{ord(command[0]):04x}", text) + "\n"


def cell(text: str) -> str:
    """Return `text` for a cell of a CSV file that no spreadsheet takes for a formula."""
    shown = show(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
