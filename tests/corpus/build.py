"""Write the corpus of files that kldiv is judged by: good ones, bad ones, and hostile ones.

::

    python tests/corpus/build.py FOLDER

writes the files and ``manifest.json``, the same bytes every time. A case is ``valid`` (the
right value, and nothing else, is an answer), ``invalid`` (only a clean refusal is), or
``either``. Expected values are computed here, from fractions and 60 decimal digits; nothing
of kldiv is used.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import math
import re
import struct
import sys
import unicodedata
import zipfile
import zlib
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np

P, Q = {"red": 7, "green": 2, "blue": 1}, {"red": 1, "green": 4, "blue": 5}
LABELS = tuple(P)


def divergence(p, q):
    """Return D(p || q) of two sequences of exact weights, rounded once; "inf" if infinite."""
    p, q = ([Fraction(weight) for weight in side] for side in (p, q))
    total_p, total_q = sum(p), sum(q)
    with localcontext() as context:
        context.prec = 60
        terms = Decimal(0)
        for a, b in zip(p, q, strict=True):
            if a and not b:
                return "inf"
            if a:
                share, ratio = a / total_p, (a * total_q) / (b * total_p)
                log = Decimal(ratio.numerator).ln() - Decimal(ratio.denominator).ln()
                terms += Decimal(share.numerator) / Decimal(share.denominator) * log
        return float(terms)


KL = divergence(P.values(), Q.values())


class Corpus:
    def __init__(self):
        self.cases, self.files = [], {}

    def file(self, name, data):
        data = data if isinstance(data, bytes) else data.encode()
        assert self.files.setdefault(name, data) == data, name
        return name

    def case(self, id_, kind, expect, *, partner="partners/q.csv", **more):
        assert id_ not in {case["id"] for case in self.cases}, id_
        case = {"id": id_, "file": None, "format": id_.partition("/")[0], "kind": kind}
        self.cases.append({**case, "expect": expect, "partner": partner, "source": "own", **more})

    def valid(self, name, data, expect, *, value=KL, **more):
        self.case(name, "valid", expect, file=self.file(name, data), expected_kl=value, **more)

    def invalid(self, name, data, expect, **more):
        self.case(name, "invalid", expect, file=self.file(name, data), **more)

    def either(self, name, data, expect, *, value=KL, **more):
        self.case(name, "either", expect, file=self.file(name, data), expected_kl=value, **more)

    def write(self, folder):
        for name, data in self.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        manifest = {
            "version": 1,
            "unit": "nats",
            "direction": "KL(P||Q); role=p: the case is P and the partner Q",
            "note": "written by build.py",
            "cases": self.cases,
            "sha256": {n: hashlib.sha256(d).hexdigest() for n, d in self.files.items()},
        }
        Path(folder, "manifest.json").write_text(json.dumps(manifest, indent=1))
        return manifest


def slug(text):
    """Return a name for a file that tells what is in it."""
    plain = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in text)
    return re.sub("_+", "_", plain).strip("_")[:40] or "nothing"


def table(pairs, header="colour,count", separator=","):
    rows = "".join(f"{label}{separator}{weight}\n" for label, weight in pairs)
    return f"{header.replace(',', separator)}\n{rows}" if header else rows


def quoted(label):
    return '"' + label.replace('"', '""') + '"'


def npy(array, version=(1, 0)):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), version=version, allow_pickle=True)
    return stream.getvalue()


def raw_npy(header, data=b"", version=1, length=None):
    header = header.encode("latin-1")
    width = 2 if version == 1 else 4
    size = (len(header) if length is None else length).to_bytes(width, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def npz(members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return stream.getvalue()


def gz(data, level=6):
    return gzip.compress(data if isinstance(data, bytes) else data.encode(), level, mtime=0)


def xz(data):
    return lzma.compress(data if isinstance(data, bytes) else data.encode())


def bz(data):
    return bz2.compress(data if isinstance(data, bytes) else data.encode())


COMPRESSIONS = {"gz": gz, "bz2": bz, "xz": xz}
BOMS = {
    "utf-8-sig": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}
RECORDS = [{"colour": label, "count": weight} for label, weight in P.items()]
TEXTS = {
    "csv": table(P.items()),
    "tsv": table(P.items(), separator="\t"),
    "json": json.dumps(P),
    "jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS),
    "uniq": "".join(f"{weight:7} {label}\n" for label, weight in P.items()),
}
NO_NUMBERS = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "Infinity",
    "1e400",
    "1e-400",
    "4.9e-325",
    "1_000",
    "1__0",
    "１",
    "٣",
    "²",
    "Ⅷ",
    "𝟏",
    "0x10",
    "0b1",
    "1d3",
    "1f",
    "1j",
    "1 000",
    "1'000",
    "1\u00a0000",
    "1\u202f000",
    "1.2.3",
    "1..",
    "1e",
    "e5",
    "1e+",
    "1e5.0",
    "--1",
    "+-1",
    "1-",
    "-1",
    "-0.5",
    "−1",
    "NA",
    "null",
    "None",
    "-",
    "+",
    ".",
    "1%",
    "$1",
    "€1",
    "1/2",
    "TRUE",
    "∞",
    "1\u200b",
    "\ufeff1",
    "1\u2028",
    "=1+1",
    "(1)",
    "1L",
    "one",
    "2024-01-01",
    "12:30",
    "9" * 4301,
    "0." + "1" * 400 + "x",
]
NUMBERS = {
    "2.0": 2,
    "+2": 2,
    "2.": 2,
    "2e0": 2,
    "0.2E+1": 2,
    "20e-1": 2,
    "002": 2,
    " 2 ": 2,
    "2.000000000000000000000000000000": 2,
    "\t2": 2,
    "0.00000000000000000002e20": 2,
}
NO_JSON = {
    "leading_zero": "02",
    "plus": "+2",
    "no_whole": ".5",
    "no_fraction": "2.",
    "hex": "0x2",
    "nan": "NaN",
    "infinity": "Infinity",
    "minus_infinity": "-Infinity",
    "overflow": "1e400",
    "underflow": "1e-400",
    "true": "true",
    "null": "null",
    "text": '"2"',
    "object": "{}",
    "array": "[2]",
    "negative": "-2",
    "full_width": "２",
    "digits": "9" * 4301,
    "word": "two",
    "underscore": "2_0",
    "suffix": "2L",
    "negative_fraction": "-0.1",
    "exponent": "2e",
    "huge_exponent": "1e" + "9" * 60,
    "tiny_exponent": "1e-" + "9" * 60,
}
HOSTILE = {
    "escape": "\x1b[31mPWNED\x1b[0m",
    "title": "\x1b]0;PWNED\x07",
    "hyperlink": "\x1b]8;;x\x1b\\P",
    "c1": "\x9b2JPWNED",
    "bell": "\x07",
    "backspace": "good\x08\x08\x08\x08evil",
    "delete": "\x7f",
    "bidi": "\u202eDENWP",
    "isolate": "\u2066PWNED\u2069",
    "mark": "\u200f\u061cPWNED",
    "zero_width": "re\u200bd",
    "joiner": "re\u2060d",
    "bom": "\ufeffred2",
    "tag": "red\U000e0041",
    "line_separator": "a\u2028::error::PWNED",
    "paragraph": "a\u2029b",
    "next_line": "a\x85b",
    "newline": "two\n## PWNED",
    "command_line": "two\n::error::PWNED",
    "return": "a\rPWNED",
    "tab": "a\tb",
    "vertical_tab": "a\x0bb",
    "form_feed": "a\x0cb",
    "markup": "[bold red]PWNED[/bold red]",
    "close_markup": "[/]PWNED[/nothing]",
    "link_markup": "[link=http://x]PWNED[/link]",
    "emoji": ":warning::pile_of_poo:",
    "script": "<script>alert('PWNED')</script>",
    "img": "<img src=x onerror=alert('PWNED')>",
    "svg": "<svg onload=alert('PWNED')>",
    "heading": "<h1>PWNED</h1>",
    "comment": "<!-- PWNED",
    "entity": "&lt;script&gt;",
    "image": "![x](http://127.0.0.1/PWNED)",
    "link": "[x](http://x)",
    "auto_link": "https://example.org/PWNED",
    "mention": "@everyone",
    "code": "```PWNED",
    "table": "a | b || c",
    "backslash_bar": "a\\|b\\",
    "hash": "## PWNED",
    "html_break": "a<br>b",
    "formula": "=1+1",
    "call": '=HYPERLINK("http://x","PWNED")',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "dde": "=cmd|' /C calc'!A0",
    "blank_formula": "  =1+1",
    "tab_formula": "\t=1",
    "wide_formula": "＝1+1",
    "workflow": "::error::PWNED",
    "blank_workflow": "x ::error::PWNED",
    "old_workflow": "##[error]PWNED",
    "inner_workflow": "x ##[add-mask]PWNED",
    "azure": "##vso[task.setvariable variable=x]PWNED",
    "format": "%s%n{0}{p.name}${x}$(x)`x`",
    "template": "{{7*7}}",
    "shell": "$(touch KLDIV_PWNED)",
    "quote": "\"';--",
    "null_word": "null",
    "tower": "e" + "\u0301" * 500,
    "wide": "日本語のとても長い名前" * 20,
    "long": "x" * 100_000,
    "right_to_left": "שלום עולם",
    "family": "👨‍👩‍👧‍👦",
    "private": "\ue000\uf8ff",
    "nonchar": "\uffff",
    "unassigned": "\U000e0fff",
    "hangul_filler": "\u3164\u115f",
    "braille_blank": "\u2800",
    "soft_hyphen": "re\u00add",
    "variation": "a\ufe0f",
    "yaml": "---\nx: y",
    "json": '"],"kl_pq":0',
}
RICH = {"markup": "rich_markup", "emoji": "rich_emoji"}
NAMES = {
    "escape": "\x1b[31mPWNED.csv",
    "newline": "a\n::error::PWNED.csv",
    "bidi": "\u202evsc.csv",
    "markup": "[bold]PWNED[/bold].csv",
    "bad_markup": "[/x].csv",
    "emoji": ":warning:.csv",
    "script": "<img src=x onerror=alert('PWNED')>.csv",
    "formula": "=1+1.csv",
    "bar": "a|b||c.csv",
    "shell": "$(touch KLDIV_PWNED);`touch KLDIV_PWNED`.csv",
    "format": "%s%n{p}{0}.csv",
    "bytes": "\udcff\udcfe.csv",
    "blank": " .csv",
    "dots": "...csv",
    "long": "n" * 251 + ".csv",
    "workflow": "::error::PWNED.csv",
    "old_workflow": "##[error]PWNED.csv",
    "c1": "a\x9bb.csv",
    "equals": "a=b=c.csv",
    "dash": "-rf.csv",
    "option": "--format=x.csv",
    "return": "a\rb.csv",
    "wide": "日本語.csv",
    "combining": "e\u0301.csv",
    "quotes": "\"'.csv",
    "backslash": "a\\nb.csv",
}


def build():
    corpus = Corpus()
    corpus.file("partners/q.csv", table(Q.items()))
    corpus.file("partners/q.npy", npy(np.array(list(Q.values()))))
    corpus.file("partners/q.json", json.dumps(list(Q.values())))
    for part in (
        encodings,
        line_ends,
        delimiters,
        numbers,
        headers,
        structures,
        labels,
        hostile_labels,
        json_shapes,
        json_faults,
        json_lines,
        uniq,
        npy_good,
        npy_bad,
        npz_files,
        compressed,
        sources,
        names,
    ):
        part(corpus)
    return corpus


def encodings(corpus):
    for format_ in ("csv", "tsv", "json", "jsonl"):
        for encoding, mark in BOMS.items():
            text = TEXTS[format_].replace("green", "grün")
            data = mark + text.encode(encoding.removesuffix("-sig"))
            say = {} if encoding == "utf-8-sig" else {"should_say": "utf-(16|32)"}
            corpus.file("partners/q_umlaut.csv", table(Q.items()).replace("green", "grün"))
            corpus.valid(
                f"{format_}/{encoding}.{format_}",
                data,
                "decoded as its mark says",
                partner="partners/q_umlaut.csv",
                **say,
            )
    umlaut = TEXTS["csv"].replace("green", "grün")
    for name, data in {
        "latin1": umlaut.encode("latin-1"),
        "cp1252": umlaut.replace("ü", "€").encode("cp1252"),
        "shift_jis": umlaut.replace("ü", "あ").encode("shift_jis"),
        "utf16_unmarked": umlaut.encode("utf-16-le"),
        "utf16_unmarked_be": umlaut.encode("utf-16-be"),
        "utf32_unmarked": umlaut.encode("utf-32-le"),
        "utf7": b"+/v8-" + b"\xff",
        "cut_character": umlaut.encode()[:-1] + b"\xc3",
        "overlong": umlaut.encode().replace(b"\xc3\xbc", b"\xc0\x80"),
        "surrogate": umlaut.encode().replace(b"\xc3\xbc", b"\xed\xa0\x80"),
        "beyond_unicode": umlaut.encode().replace(b"\xc3\xbc", b"\xf4\x90\x80\x80"),
        "lone_continuation": umlaut.encode().replace(b"\xc3\xbc", b"\x80"),
        "utf16_odd": BOMS["utf-16-le"] + umlaut.encode("utf-16-le")[:-1],
        "utf16_lone_surrogate": BOMS["utf-16-le"] + b"\x00\xd8" + umlaut.encode("utf-16-le"),
        "nul": umlaut.encode().replace(b"red", b"r\0d"),
        "two_marks": BOMS["utf-16-le"] + umlaut.encode(),
        "ebcdic": umlaut.encode("cp500"),
    }.items():
        corpus.invalid(f"csv/encoding_{name}.csv", data, "not UTF-8, and never guessed")


def line_ends(corpus):
    text = TEXTS["csv"]
    for name, data in {
        "crlf": text.replace("\n", "\r\n"),
        "cr": text.replace("\n", "\r"),
        "no_last": text[:-1],
        "blank_last": text + "\n\n\n",
        "blank_first": "\n\n" + text,
        "blank_between": text.replace("\n", "\n\n"),
        "blanks_last_crlf": text.replace("\n", "\r\n") + "\r\n\r\n",
    }.items():
        corpus.valid(f"csv/ends_{name}.csv", data, "line ends of any one kind")
    for name, data in {
        "lone_return": text.replace("red,", "r\red,"),
        "mixed_return": text.replace("7\n", "7\r"),
        "separator": text.replace("7\n", "7\u2028"),
        "next_line": text.replace("7\n", "7\x85"),
    }.items():
        corpus.invalid(f"csv/ends_{name}.csv", data, "these are no line ends")


def delimiters(corpus):
    for name, separator in {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}.items():
        data = table(P.items(), separator=separator)
        corpus.valid(f"text/{name}.txt", data, "the delimiter that splits every record alike")
        corpus.valid(f"text/{name}_none", data, "without an extension")
    corpus.valid("tsv/tab.tab", TEXTS["tsv"], "tab-separated")
    corpus.valid("tsv/commas.tsv", TEXTS["tsv"].replace("colour", "a,b"), "commas are text here")
    corpus.valid("csv/tabs.csv", TEXTS["csv"].replace("colour", "a\tb"), "tabs are text here")
    decimal = "colour;share\nred;0,7\ngreen;0,2\nblue;0,1\n"
    for name, data in {
        "csv/semicolons.csv": decimal,
        "csv/tabs_only.csv": TEXTS["tsv"],
        "tsv/commas_only.tsv": TEXTS["csv"],
        "text/colon.txt": TEXTS["csv"].replace(",", ":"),
        "text/blank.txt": TEXTS["csv"].replace(",", " "),
        "text/two.txt": "a,b;c\nd,1;2\ne,3;4\n",
        "text/uneven.txt": "a;b\nc;1;2\nd;3\n",
        "text/looks_like_uniq.txt": TEXTS["uniq"].replace("      ", ""),
    }.items():
        hint = {"hint": {"delimiter": ";", "decimal": ","}} if data is decimal else {}
        kind = corpus.either if hint else corpus.invalid
        kind(name, data, "which delimiter is not certain", **hint)


def numbers(corpus):
    for text in NO_NUMBERS:
        corpus.invalid(
            f"csv/number_{slug(text)}.csv",
            table({**P, "green": quoted(text)}.items()),
            f"{text[:20]!r} is no weight",
        )
    for text in ("", " ", "\t"):
        corpus.invalid(
            f"csv/number_missing_{len(text)}{slug(text)}.csv",
            table({**P, "green": text}.items()),
            "a weight is missing",
        )
    for text, value in NUMBERS.items():
        weights = {**P, "green": value}
        corpus.valid(
            f"csv/number_ok_{slug(text)}.csv",
            table({**P, "green": quoted(text)}.items()),
            f"{text!r} is {value}",
            value=divergence(weights.values(), Q.values()),
        )
    for name, green in {
        "huge": "1e300",
        "tiny": "5e-324",
        "small": "2.2250738585072014e-308",
        "zero": "0",
        "minus_zero": "-0.0",
        "googol": 10**100,
        "beyond_int64": 2**63,
        "beyond_uint64": 2**64 + 1,
        "beyond_double": 10**400,
        "digits": "9" * 4299,
        "third": "0.3333333333333333",
        "exact": 2**53 + 1,
        "many": "0." + "123456789" * 100,
    }.items():
        exact = Fraction(Decimal(green)) if isinstance(green, str) else Fraction(green)
        if isinstance(green, str) and not green.isdigit():
            exact = Fraction(float(green))
        value = divergence([7, exact, 1], Q.values())
        corpus.valid(
            f"csv/size_{name}.csv",
            table({**P, "green": green}.items()),
            "as large as it is",
            value=value,
        )
        plain = "-0.0" if name == "minus_zero" else green
        data = "{" + f'"red": 7, "green": {plain}, "blue": 1' + "}"
        corpus.valid(f"json/size_{name}.json", data, "as large as it is", value=value)
    corpus.invalid("csv/size_total.csv", table(dict.fromkeys(P, "1e308").items()), "total")
    corpus.invalid("csv/size_mixed.csv", table({**P, "green": 10**400, "blue": "0.5"}.items()), "")
    corpus.invalid(
        "csv/size_total_digits.csv", table(dict.fromkeys(P, "9" * 4300).items()), "total"
    )
    for name, weights in {"counts": (0, 0, 0), "zeros": ("0.0", "0e5", "-0")}.items():
        pairs = zip(LABELS, weights, strict=True)
        corpus.invalid(f"csv/no_mass_{name}.csv", table(pairs), "all weights are zero")
    percent = zip(LABELS, (70, 20, 10), strict=True)
    corpus.valid("csv/percent.csv", table(percent), "percentages are normalised", should_say="100")
    shares = [(label, weight / 20) for label, weight in P.items()]
    corpus.valid(
        "csv/half.csv", table(shares), "a total of 0.5 is normalised", should_say="normal"
    )
    corpus.valid(
        "csv/only_p.csv",
        table({**P, "pink": 1}.items()),
        "infinite, and why",
        value="inf",
        should_say="pink",
    )
    corpus.valid(
        "csv/only_q.csv",
        table({"red": 7, "green": 3}.items()),
        "weight 0 where it is absent",
        value=divergence([7, 3, 0], Q.values()),
    )
    corpus.valid(
        "csv/one.csv", "x,n\nred,5\n", "one outcome", value=divergence([1, 0, 0], Q.values())
    )


def headers(corpus):
    for name, header in {
        "weight": "colour,weight",
        "case": "Colour,COUNT",
        "blanks": "colour, count ",
        "unknown": "a,b",
        "quoted": '"colour","count"',
        "probability": "outcome,probability",
        "empty_label": ",count",
        "empty_weight": "colour,",
        "unicode": "Farbe,Häufigkeit",
        "long": "x" * 5000 + ",count",
        "newline": '"col\nour",count',
        "escape": "\x1b[1mc,\x1bn",
        "swapped": None,
    }.items():
        data = (
            table(P.items(), header)
            if header
            else "n,x\n" + "".join(f"{weight},{label}\n" for label, weight in P.items())
        )
        kind = corpus.either if name in ("empty_weight", "newline", "long") else corpus.valid
        kind(f"csv/header_{name}.csv", data, "columns by their names or numbers")
    corpus.valid("csv/header_none.csv", table(P.items(), ""), "data", should_say="first row")
    corpus.valid(
        "csv/header_numbers.csv", "2020,2021\n", "data", value="inf", should_say="first row"
    )
    three = "id,colour,count\n" + "".join(f"{i},{c},{n}\n" for i, (c, n) in enumerate(P.items()))
    corpus.either("csv/header_three.csv", three, "chosen with a note", should_say="column")
    for name, data in {
        "two_weights": "colour,count,weight\nred,7,1\ngreen,2,2\nblue,1,3\n",
        "two_values": "colour,a,b\nred,7,1\ngreen,2,2\nblue,1,3\n",
        "two_labels": "a,b,count\nred,x,7\ngreen,y,2\nblue,z,1\n",
        "same_names": "colour,count,count\nred,7,1\ngreen,2,2\nblue,1,3\n",
        "no_numbers": "colour,count\nred,x\ngreen,y\nblue,z\n",
        "only": "colour,count\n",
        "years": "colour,2020,2021\nred,7,1\ngreen,2,2\nblue,1,3\n",
        "maybe": "1,nan\nred,7\ngreen,2\nblue,1\n",
        "hostile": "c,\x1b[31mPWNED,::error::x\nred,7,1\ngreen,2,2\nblue,1,3\n",
    }.items():
        tags = {"tags": ["inject", "error"]} if name == "hostile" else {}
        corpus.invalid(f"csv/header_{name}.csv", data, "which column is not certain", **tags)


def structures(corpus):
    text = TEXTS["csv"]
    for name, data in {
        "empty": "",
        "blank": "\n\n \n",
        "mark_only": b"\xef\xbb\xbf",
        "one_cell": "red\n",
        "fewer": text.replace("green,2", "green"),
        "more": text.replace("green,2", "green,2,3"),
        "trailing_one": text.replace("green,2", "green,2,"),
        "unclosed": text.replace("g", '"g'),
        "after_quote": text.replace("green", '"gr"een'),
        "html": "<!doctype html><p>1,2</p>\n",
        "first_comment": "# made by us, today\n" + text,
        "total_row": text + "Total: 10\n",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "pdf": b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n",
        "elf": b"\x7fELF\x02\x01\x01" + bytes(50),
        "xlsx": npz([("[Content_Types].xml", b"<x/>")]),
        "sqlite": b"SQLite format 3\0" + bytes(84),
        "npy": npy(np.arange(3)),
        "gzip_cut": gz(text)[:9],
        "json": TEXTS["json"],
        "footer": text + "\n(3 rows)\n",
        "rule": text.replace("red", "---\nred"),
    }.items():
        corpus.invalid(f"csv/shape_{name}.csv", data, "this is no table of weights")
    many = "".join(f"label {i},{i + 1}\n" for i in range(20_000))
    corpus.valid(
        "csv/many.csv",
        "label,count\n" + many,
        "20000 rows",
        value=0.0,
        partner=corpus.file("partners/many.csv", "label,count\n" + many),
    )
    reverse = "label,count\n" + "".join(reversed(many.splitlines(keepends=True)))
    corpus.valid("csv/reversed.csv", reverse, "by label", value=0.0, partner="partners/many.csv")
    bad = "label,count\n" + many.replace(",1", ",x")
    corpus.invalid("csv/many_bad.csv", bad, "all are counted, three are shown")
    corpus.invalid("csv/late.csv", "label,count\n" + many + "x,-1\n", "a fault in the last row")
    long = corpus.file("partners/long.csv", table({"x" * 300_000: 1, "b": 2}.items()))
    corpus.valid(
        "csv/long_field.csv",
        table({"x" * 300_000: 2, "b": 1}.items()),
        "a field of 300 kB",
        value=divergence([2, 1], [1, 2]),
        partner=long,
    )
    wide = "colour,count," + ",".join(f"t{i}" for i in range(5000)) + "\n"
    wide += "".join(f"{c},{n}" + ",x" * 5000 + "\n" for c, n in P.items())
    corpus.either("csv/wide.csv", wide, "5002 columns: chosen with a note, or refused")


def labels(corpus):
    groups = {
        "codes": ["007", "7", "07"],
        "words": ["NA", "null", "None"],
        "numbers": ["1", "1.0", "01"],
        "booleans": ["true", "True", "TRUE"],
        "blanks": ["a", " a", "a "],
        "case": ["a", "A", "á"],
        "unicode": ["é", unicodedata.normalize("NFD", "é"), "e"],
        "empty": ["", "a", "b"],
        "quotes": ['say "x"', "it's", "a,b"],
        "lines": ["a\nb", "a\r\nb", "ab"],
        "dates": ["2024-01-01", "01/01/2024", "1.1.24"],
        "hashes": ["a", "#b", "#"],
        "exponents": ["1e3", "1000", "1E3"],
        "wide": ["１", "1", "①"],
        "signs": ["+1", "-1", "1"],
        "dots": [".", "..", "..."],
        "slashes": ["a/b", "a\\b", "ab"],
        "zero": ["0", "-0", "00"],
        "ligature": ["ﬁ", "fi", "FI"],
        "dotless": ["ı", "i", "İ"],
        "sharp": ["ß", "ss", "SS"],
        "nbsp": ["a b", "a\u00a0b", "ab"],
        "long_numbers": ["9" * 50, "9" * 51, "9" * 52],
    }
    near = ("codes", "numbers", "blanks", "unicode", "exponents", "zero", "signs")
    for name, three in groups.items():
        q = corpus.file(
            f"partners/labels_{name}.csv", table(zip(map(quoted, three), Q.values(), strict=True))
        )
        say = {"should_say": "labels"} if name in near else {}
        pairs = list(zip(three, P.values(), strict=True))
        data = table((quoted(label), weight) for label, weight in reversed(pairs))
        corpus.valid(
            f"csv/labels_{name}.csv", data, "labels are text, kept apart", partner=q, **say
        )
        if name != "lines":
            corpus.valid(
                f"json/labels_{name}.json",
                json.dumps(dict(pairs)),
                "keys are text",
                partner=q,
                **say,
            )
    twice = TEXTS["csv"].replace("red,7", "red,3\nred,4")
    corpus.either("csv/labels_twice.csv", twice, "refused or summed", should_say="dup|repeat")
    far = "label,count\n" + "".join(f"{i % 9999},1\n" for i in range(10_000))
    corpus.either("csv/labels_far.csv", far, "refused or summed", value=None)
    invisible = corpus.file(
        "partners/invisible.csv", table({**Q, "red": 1}.items()).replace("red", "red ")
    )
    corpus.case(
        "csv/labels_differ_invisibly",
        "valid",
        "infinite, with a note",
        file=corpus.file("csv/visible.csv", TEXTS["csv"]),
        partner=invisible,
        expected_kl="inf",
        should_say="nearly agree",
    )


def hostile_labels(corpus):
    for name, label in HOSTILE.items():
        tags = ["inject", *([RICH[name]] if name in RICH else [])]
        three = [label, "b", "c"]
        value = divergence([7, 2, 1], [1, 4, 5])
        q = corpus.file(
            f"partners/hostile_{name}.csv", table(zip(map(quoted, three), Q.values(), strict=True))
        )
        pairs = zip(map(quoted, three), P.values(), strict=True)
        corpus.valid(
            f"csv/hostile_{name}.csv",
            table(pairs),
            "nothing acts",
            partner=q,
            tags=tags,
            value=value,
        )
        if name in ("escape", "bidi", "script", "workflow", "inner_workflow", "nonchar", "tower"):
            pairs = zip(three, P.values(), strict=True)
            corpus.valid(
                f"json/hostile_{name}.json",
                json.dumps(dict(pairs)),
                "nothing acts",
                partner=q,
                tags=tags,
                value=value,
            )
            bad = table([(quoted(label), quoted(label))])
            corpus.invalid(
                f"csv/hostile_error_{name}.csv",
                table(P.items()) + bad[bad.index("\n") + 1 :],
                "nothing acts in an error",
                tags=["inject", "error"],
            )
            alone = table({**P, quoted(label): 1}.items())
            corpus.valid(
                f"csv/hostile_only_{name}.csv",
                alone,
                "named where it is alone",
                tags=tags,
                value="inf",
            )


def json_shapes(corpus):
    p, q = list(P.values()), list(Q.values())
    batch = corpus.file("partners/batch.json", json.dumps([q, p]))
    for name, value, more in (
        ("mapping", P, {}),
        ("records", RECORDS, {}),
        ("vector", p, {"partner": "partners/q.json"}),
        ("floats", [0.7, 0.2, 0.1], {"partner": "partners/q.json"}),
        ("batch", [p, p], {"partner": "partners/q.json"}),
        ("two_batches", [p, q], {"partner": batch, "value": (KL + divergence(q, p)) / 2}),
        ("batch_of_one", [p], {"partner": "partners/q.json"}),
    ):
        corpus.valid(f"json/shape_{name}.json", json.dumps(value), "a shape that is known", **more)
    spaced = json.dumps(P, indent=8).replace("\n", "\r\n")
    corpus.valid("json/shape_spaced.json", f"\r\n\t {spaced} \n\n", "blanks mean nothing")
    escaped = '{"\\u0072ed": 7, "gr\\u0065en": 2, "blue": 1}'
    corpus.valid("json/shape_escaped.json", escaped, "escapes are letters")
    for name, data in {
        "empty": "",
        "blank": " \n",
        "empty_object": "{}",
        "empty_array": "[]",
        "number": "5",
        "text": '"red"',
        "null": "null",
        "true": "true",
        "nested": '{"a": {"b": 1}}',
        "members": '{"a": [1], "b": [2]}',
        "labels_weights": '{"labels": ["a"], "weights": [1]}',
        "three_levels": "[[[1, 2, 7]]]",
        "ragged": "[[1, 2], [3]]",
        "mixed_rows": "[[1, 2], 3]",
        "mixed": '[{"x": "a", "n": 1}, 5]',
        "one_negative": "[7, 2, -1]",
        "zeros": "[0, 0, 0]",
        "length": "[1, 2]",
        "empty_rows": "[[], []]",
        "strings": '["1", 2, 3]',
        "numbers_as_labels": '[{"x": [1], "n": 1}]',
        "missing_label": '[{"n": 1}, {"x": "a"}]',
        "geojson": '{"type": "FeatureCollection", "features": []}',
        "object_keys": '{"a": null}',
    }.items():
        corpus.invalid(
            f"json/shape_{name}.json", data, "no distribution", partner="partners/q.json"
        )


def json_faults(corpus):
    for name, token in NO_JSON.items():
        data = "{" + f'"red": 7, "green": {token}, "blue": 1' + "}"
        corpus.invalid(f"json/number_{name}.json", data, f"{token[:20]} is no weight")
        line = '{"colour": "red", "count": 7}\n{"colour": "green", "count": ' + token + "}\n"
        corpus.invalid(f"jsonl/number_{name}.jsonl", line, f"{token[:20]} is no weight")
    text = TEXTS["json"]
    for name, data in {
        "trailing_comma": text[:-1] + ",}",
        "comment": "// x\n" + text,
        "single_quotes": "{'a': 1}",
        "bare_key": "{a: 1}",
        "two": text + text,
        "garbage": text + "x",
        "cut": text[:-1],
        "cut_text": text[:6],
        "control": '{"a\nb": 1, "c": 2}',
        "bad_escape": '{"\\x41": 1}',
        "half_escape": '{"\\ud800": 1, "b": 2}',
        "short_escape": '{"\\u12": 1}',
        "nul": text + "\0",
        "twice": '{"red": 3, "green": 2, "blue": 1, "red": 4}',
        "deep": "[" * 100_000,
        "twice_escaped": '{"red": 3, "green": 2, "blue": 1, "\\u0072ed": 4}',
        "deep_objects": '{"a":' * 100_000,
        "deep_pairs": "[" * 5000 + "1" + "]" * 5000,
        "csv": TEXTS["csv"],
        "xml": "<a/>",
        "python": "{'a': 1,}",
        "javascript": "var x = [1];",
        "bom_twice": b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(),
    }.items():
        corpus.invalid(f"json/fault_{name}.json", data, "this is not one JSON text of weights")
    corpus.valid("json/lines.json", TEXTS["jsonl"], "JSON Lines by another name")


def json_lines(corpus):
    text = TEXTS["jsonl"]
    lines = text.splitlines()
    for name, data, more in (
        ("crlf", text.replace("\n", "\r\n"), {}),
        ("blank", text.replace("\n", "\n\n"), {}),
        ("no_last", text[:-1], {}),
        ("reordered", "\n".join(reversed(lines)), {}),
        ("numbers", "7\n2\n1\n", {"partner": "partners/q.json"}),
        ("rows", "[7, 2, 1]\n[7, 2, 1]\n", {"partner": "partners/q.json"}),
        ("keys", '{"count": 7, "colour": "red"}\n' + "\n".join(lines[1:]), {}),
    ):
        corpus.valid(f"jsonl/{name}.jsonl", data, "one value a line", **more)
    corpus.valid("jsonl/name.ndjson", text, "the other extension")
    for name, data in {
        "empty": "",
        "blank": "\n\n",
        "cut": text[:-5],
        "two": lines[0] + lines[1] + "\n" + lines[2],
        "comma": ",\n".join(lines),
        "array_in": text + "[1]\n",
        "twice": text + lines[0] + "\n",
        "keys": '{"colour": "red", "count": 7, "count": 8}\n' + text,
        "ragged": "[1, 2]\n[3]\n",
        "missing": text + '{"colour": "pink"}\n',
        "mixed": "1\n[2]\n",
        "csv": TEXTS["csv"],
        "pretty": json.dumps(RECORDS[0], indent=1),
        "deep": "[" * 50_000 + "\n",
        "object_label": text + '{"colour": {}, "count": 1}\n',
    }.items():
        corpus.invalid(f"jsonl/fault_{name}.jsonl", data, "not one record a line")
    data = text + '{"colour": null, "count": 1}\n'
    corpus.valid("jsonl/null_label.jsonl", data, "the outcome is missing", value="inf")


def uniq(corpus):
    corpus.valid("uniq/plain.uniq", TEXTS["uniq"], "what uniq -c prints")
    corpus.valid("uniq/tabs.uniq", TEXTS["uniq"].replace("      ", "\t"), "blanks of any kind")
    corpus.valid("uniq/crlf.uniq", TEXTS["uniq"].replace("\n", "\r\n"), "line ends")
    two = corpus.file("partners/blank_label.csv", table({"a  b ": 1, "": 4}.items()))
    corpus.valid(
        "uniq/verbatim.uniq",
        "3 a  b \n1 \n",
        "labels verbatim",
        partner=two,
        value=divergence([3, 1], [1, 4]),
    )
    text = TEXTS["uniq"]
    for name, data in {
        "empty": "",
        "negative": text + " -1 x\n",
        "fraction": text + " 1.5 x\n",
        "word": text + "x\n",
        "no_label": text + " 5\n",
        "twice": text + " 1 red\n",
        "blank_line": text + "\n" + text,
        "full_width": text + " １ x\n",
        "hex": text + " 0x1 y\n",
        "tab": text + " 1\ty\n",
        "csv": TEXTS["csv"],
        "nul": text + " 1 a\0b\n",
        "latin1": text.encode() + b" 1 \xfc\n",
        "digits": text + " " + "9" * 4301 + " y\n",
        "zeros": " 0 a\n 0 b\n",
    }.items():
        corpus.invalid(f"uniq/fault_{name}.uniq", data, "not what uniq -c prints")


def npy_good(corpus):
    p = list(P.values())
    for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
        for order in "<" if code in ("i1", "u1") else "<>":
            array = np.array(p, dtype=order + code)
            name = f"npy/type_{'big_' if order == '>' else ''}{code}.npy"
            corpus.valid(name, npy(array), f"elements of type {code}", partner="partners/q.npy")
    shares = np.array([0.7, 0.2, 0.1])
    for code in ("f2", "f4", "f8"):
        array = shares.astype(code)
        value = divergence(map(Fraction, map(float, array)), Q.values())
        corpus.valid(
            f"npy/shares_{code}.npy",
            npy(array),
            "the doubles they denote",
            value=value,
            partner="partners/q.npy",
        )
    for version in ((2, 0), (3, 0)):
        corpus.valid(
            f"npy/version_{version[0]}.npy",
            npy(np.array(p), version),
            "of any version",
            partner="partners/q.npy",
        )
    batch = np.array([p, list(Q.values())])
    partner = corpus.file("partners/batch.npy", npy(batch[::-1]))
    both = (KL + divergence(Q.values(), p)) / 2
    for name, array, partner_, value in (
        ("batch", batch, partner, both),
        ("fortran", np.asfortranarray(batch), partner, both),
        ("one_row", np.array([p]), "partners/q.npy", KL),
        ("strided", np.array(p * 2)[:3], "partners/q.npy", KL),
        (
            "large",
            np.array([2**63 + 7, 2**62, 1], dtype=np.uint64),
            "partners/q.npy",
            divergence([2**63 + 7, 2**62, 1], Q.values()),
        ),
        (
            "wrap",
            np.array([250, 250, 250], dtype=np.uint8),
            "partners/q.npy",
            divergence([1, 1, 1], Q.values()),
        ),
        (
            "total_beyond_int64",
            np.array([2**62] * 3),
            "partners/q.npy",
            divergence([1, 1, 1], Q.values()),
        ),
        (
            "subnormal",
            np.array([5e-324, 1e-323, 5e-324]),
            "partners/q.npy",
            divergence([1, 2, 1], Q.values()),
        ),
    ):
        corpus.valid(f"npy/{name}.npy", npy(array), "its numbers", partner=partner_, value=value)
    corpus.valid("npy/no_extension", npy(np.array(p)), "by its mark", partner="partners/q.npy")


def npy_bad(corpus):
    plain = npy(np.array([7, 2, 1]))
    pickled = npy(np.array([7, "x", None], dtype=object))
    shape = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }"
    data = struct.pack("<3d", 7, 2, 1)
    for name, content in {
        "empty": npy(np.array([])),
        "empty_rows": npy(np.zeros((0, 3))),
        "no_columns": npy(np.zeros((3, 0))),
        "scalar": npy(np.array(5)),
        "cube": npy(np.ones((2, 2, 2))),
        "bool": npy(np.array([True, False])),
        "complex": npy(np.array([1j])),
        "text": npy(np.array(["a", "b"])),
        "bytes": npy(np.array([b"a"])),
        "dates": npy(np.array(["2024-01-01"], "M8[D]")),
        "spans": npy(np.array([1], "m8[s]")),
        "records": npy(np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])),
        "void": npy(np.zeros(3, "V4")),
        "objects": pickled,
        "nan": npy(np.array([1, math.nan])),
        "inf": npy(np.array([1, math.inf])),
        "negative": npy(np.array([3, -1])),
        "zeros": npy(np.zeros(3)),
        "zero_row": npy(np.array([[1, 2], [0, 0]])),
        "rows_of_one": npy(np.array([[1], [2], [3]])),
        "length": npy(np.ones(4)),
        "cut": plain[:-1],
        "longer": plain + b"\0",
        "mark_only": plain[:6],
        "header_cut": plain[:50],
        "version_9": plain[:6] + b"\x09" + plain[7:],
        "text_file": TEXTS["csv"],
        "huge": raw_npy(shape % "(5000000000,)"),
        "huge_product": raw_npy(shape % "(4294967296, 4294967296)"),
        "negative_shape": raw_npy(shape % "(-3,)", data),
        "list_shape": raw_npy(shape % "[3]", data),
        "float_shape": raw_npy(shape % "(3.0,)", data),
        "bool_shape": raw_npy(shape % "(True,)", data),
        "name_shape": raw_npy(shape % "(n,)", data),
        "deep": raw_npy(shape % ("(" * 4000 + ")" * 4000)),
        "many_dimensions": raw_npy(shape % ("(" + "1," * 900 + ")"), data[:8]),
        "code": raw_npy(shape % "(__import__('os').system('touch KLDIV_PWNED'),)", data),
        "extra_key": raw_npy((shape % "(3,)").replace("}", "'x': 1}"), data),
        "missing_key": raw_npy("{'descr': '<f8', 'shape': (3,)}", data),
        "not_a_dict": raw_npy("[1, 2]", data),
        "warning": raw_npy(shape % "(0x3if 0else 3,)", data),
        "escape": raw_npy(shape % "(3,)" + "'\\\x1b'", data),
        "subarray": raw_npy((shape % "(3,)").replace("<f8", "3<f8"), data * 3),
        "comma_type": raw_npy((shape % "(3,)").replace("<f8", "f8,f8"), data * 2),
        "unknown_type": raw_npy((shape % "(3,)").replace("<f8", "<q9"), data),
        "code_type": raw_npy((shape % "(3,)").replace("'<f8'", "open('KLDIV_PWNED','w')"), data),
        "header_length": raw_npy(shape % "(3,)", data, length=60000),
        "header_lies": raw_npy(shape % "(3,)", data, version=2, length=2**32 - 1),
        "long_header": raw_npy(shape % "(3,)" + " " * 50_000, data),
        "zero_size": raw_npy((shape % "(3,)").replace("<f8", "<V0")),
    }.items():
        tags = {"tags": ["payload"]} if name in ("objects", "code", "code_type") else {}
        corpus.invalid(
            f"npy/fault_{name}.npy",
            content,
            "not an array of weights",
            partner="partners/q.npy",
            **tags,
        )


def npz_files(corpus):
    array = npy(np.array([7, 2, 1]))
    one = npz([("p.npy", array)])
    for name, data in {
        "deflated": one,
        "stored": npz([("p.npy", array)], zipfile.ZIP_STORED),
        "bzip2": npz([("p.npy", array)], zipfile.ZIP_BZIP2),
        "unnamed": npz([("arr_0.npy", array)]),
        "no_extension": one,
    }.items():
        extension = "" if name == "no_extension" else ".npz"
        corpus.valid(f"npz/{name}{extension}", data, "one array", partner="partners/q.npy")
    commented = one[:-2] + b"\x03\x00abc"
    corpus.either("npz/comment.npz", commented, "a comment", partner="partners/q.npy")
    hostile = npz([("../../KLDIV_PWNED.npy", array)])
    corpus.either("npz/traversal.npz", hostile, "nothing is unpacked", partner="partners/q.npy")
    two = npz([("p.npy", array), ("q.npy", npy(np.array([1, 4, 5])))])
    encrypted = bytearray(one)
    encrypted[6] |= 1
    encrypted[one.index(b"PK\x01\x02") + 8] |= 1
    wrong_sum = bytearray(npz([("p.npy", array)], zipfile.ZIP_STORED))
    wrong_sum[len(wrong_sum) - 130] ^= 1
    central = one.index(b"PK\x01\x02")
    lying = bytearray(one)
    lying[central + 24 : central + 28] = struct.pack("<I", 2**31)
    bomb = npz([("p.npy", npy(np.zeros(9_000_000, "f8")))])
    deep = npz([("x.zip", one)])
    for name, data in {
        "two": two,
        "empty": npz([]),
        "no_array": npz([("a.txt", b"x")]),
        "cut": one[:-5],
        "book": npz([("[Content_Types].xml", b"<x/>"), ("xl/a.xml", b"<x/>")]),
        "nested": deep,
        "cut_in_half": one[: len(one) // 2],
        "garbage_after": one + b"x",
        "garbage_before": b"x" + one,
        "two_archives": npz([("p.npy", npy(np.array([9, 9, 9])))]) + one,
        "encrypted": bytes(encrypted),
        "wrong_sum": bytes(wrong_sum),
        "lying_size": bytes(lying),
        "bomb": bomb,
        "not_zip": TEXTS["csv"],
        "no_npy": npz([("p.npy", b"x")]),
        "objects": npz([("p.npy", npy(np.array([{}], dtype=object)))]),
        "twice": same_name(array),
        "end_only": b"PK\x05\x06" + bytes(18),
        "cut_array": npz([("p.npy", array[:-1])]),
        "longer_array": npz([("p.npy", array + b"x")]),
        "text_array": npz([("p.npy", npy(np.array(["a"])))]),
        "nan": npz([("p.npy", npy(np.array([math.nan])))]),
    }.items():
        corpus.invalid(f"npz/fault_{name}.npz", data, "not one array", partner="partners/q.npy")


def same_name(array):
    """Return an archive that names one array twice, which the module would warn of."""
    data = npz([("p.npy", array), ("r.npy", array)])
    return data.replace(b"r.npy", b"p.npy")


def compressed(corpus):
    for extension, compress in COMPRESSIONS.items():
        for format_, text in TEXTS.items():
            name = f"{extension}/plain.{format_}.{extension}"
            corpus.valid(name, compress(text), "inflated as it is read")
        text = TEXTS["csv"]
        half = len(text) // 2
        two = compress(text[:half]) + compress(text[half:])
        corpus.valid(f"{extension}/members.csv.{extension}", two, "two members, one after another")
        corpus.valid(f"{extension}/by_mark", compress(text), "known by its first bytes")
        corpus.valid(
            f"{extension}/array.npy.{extension}",
            compress(npy(np.array([7, 2, 1]))),
            "an array",
            partner="partners/q.npy",
        )
        good = compress(text)
        flipped = bytearray(good)
        flipped[len(flipped) // 2] ^= 0x55
        # 70 MB, as members that are compressed once.
        bomb = compress("x,n\n") + compress(b"a,1\n" * 2**18) * 70
        for fault, data in {
            "cut": good[:-3],
            "cut_more": good[: len(good) // 2],
            "mark": good[:3],
            "nothing": compress(""),
            "garbage": good + b"garbage",
            "plain": text.encode(),
            "twice": compress(good),
            "flipped": bytes(flipped),
            "bomb": bomb,
            "second_cut": good + good[:-4],
        }.items():
            expect = "damaged, too large or not compressed"
            corpus.invalid(f"{extension}/fault_{fault}.csv.{extension}", data, expect)
    good = gz(TEXTS["csv"])
    corpus.valid("gz/padded.csv.gz", good + bytes(512), "zeros may follow, as on a tape")
    named = good[:3] + b"\x08" + good[4:10] + b"x\x1b[31m.csv\0" + good[10:]
    corpus.valid("gz/named.csv.gz", named, "the name inside means nothing")
    wrong = good[:-8] + struct.pack("<II", zlib.crc32(b"x"), len(TEXTS["csv"]))
    corpus.invalid("gz/fault_sum.csv.gz", wrong, "the checksum is another's")
    corpus.invalid("gz/fault_length.csv.gz", good[:-4] + bytes(4), "the length is another's")
    corpus.invalid("gz/zlib.csv.gz", zlib.compress(TEXTS["csv"].encode()), "zlib is no gzip")
    for name in ("x.parquet", "x.feather", "x.csv.zst"):
        corpus.invalid(f"extra/{name}", b"\x28\xb5\x2f\xfd" + bytes(40), "not a file of that kind")


def sources(corpus):
    text = TEXTS["csv"]
    corpus.file("csv/plain.csv", text)

    def special(name, kind, expect, setup, **more):
        corpus.case(f"special/{name}", kind, expect, setup=setup, **more)

    for name, setup in {
        "missing": {"type": "missing", "name": "absent.csv"},
        "folder": {"type": "dir", "name": "folder.csv"},
        "unreadable": {"type": "perm", "name": "secret.csv", "content": text},
        "loop": {"type": "symlink_loop", "name": "loop.csv"},
        "dangling": {"type": "symlink", "name": "dangling.csv", "target": "/nowhere/at/all"},
        "below_a_file": {"type": "symlink", "name": "below.csv", "target": "/etc/hostname/x"},
        "sparse": {"type": "sparse", "name": "sparse.csv", "size": 10**11},
        "sparse_npy": {"type": "sparse", "name": "sparse.npy", "size": 10**11},
        "long_name": {"type": "missing", "name": "n" * 300},
    }.items():
        hint = setup["name"][-100:]
        special(name, "invalid", "refused with its name", setup, name_hint=hint)
    for path in ("/dev/null", "/dev/zero", "/dev/urandom", "/proc/self/mem", "/dev/fd/77"):
        setup = {"type": "path", "path": path}
        special(slug(path), "invalid", "no table", setup, name_hint=path)
    for scheme in ("http", "https", "ftp", "s3", "gs", "file", "data", "jar"):
        template = f"{scheme}://127.0.0.1:{{port}}/x.csv"
        setup = {"type": "url", "template": template}
        special(f"url_{scheme}", "invalid", "nothing is fetched", setup, name_hint="127.0.0.1")
    special(
        "link",
        "valid",
        "a link to a file",
        {"type": "symlink", "name": "link.csv", "target": "CORPUS/csv/plain.csv"},
        expected_kl=KL,
    )
    for format_ in ("csv", "json"):
        content = TEXTS[format_]
        special(
            f"fifo_{format_}",
            "valid",
            "read once, forwards",
            {"type": "fifo", "name": f"pipe.{format_}", "content": content},
            expected_kl=KL,
        )
    special(
        "fifo_empty",
        "invalid",
        "empty",
        {"type": "fifo", "name": "pipe.csv", "content": ""},
        name_hint="pipe.csv",
    )
    for format_, content in TEXTS.items():
        known = ("csv", "tsv", "json", "jsonl", "uniq")
        kind = "valid" if format_ in known else "invalid"
        value = {"expected_kl": KL} if kind == "valid" else {}
        setup = {"type": "stdin", "content": content}
        special(f"stdin_{format_}", kind, "known by its first bytes", setup, name_hint="", **value)
    for name, content in {
        "npz": npz([("p.npy", npy(np.array([7, 2, 1])))]),
        "npy": npy(np.array([7, 2, 1])),
    }.items():
        setup = {"type": "stdin", "content_hex": content.hex()}
        special(
            f"stdin_{name}",
            "valid",
            "known by its mark",
            setup,
            name_hint="",
            expected_kl=KL,
            partner="partners/q.npy",
        )
    for name, content in {"gz": gz(text), "utf16": text.encode("utf-16")}.items():
        setup = {"type": "stdin", "content_hex": content.hex()}
        special(f"stdin_{name}", "valid", "known by its mark", setup, name_hint="", expected_kl=KL)
    for word in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "jan=-"):
        setup = {"type": "stdin", "content": text, "arg": word}
        special(
            f"stdin_{slug(word)}", "valid", "standard input", setup, name_hint="", expected_kl=KL
        )
    special("stdin_empty", "invalid", "empty", {"type": "stdin", "content": ""}, name_hint="")
    special("stdin_closed", "invalid", "closed", {"type": "stdin_closed"}, name_hint="")
    special(
        "stdin_twice",
        "invalid",
        "one side only",
        {"type": "stdin", "content": text},
        role="both",
        name_hint="",
    )
    corpus.case(
        "special/swapped",
        "valid",
        "the other direction",
        file="csv/plain.csv",
        role="q",
        expected_kl=divergence(Q.values(), P.values()),
    )
    corpus.case(
        "special/itself",
        "valid",
        "nothing between a file and itself",
        role="both",
        file="csv/plain.csv",
        expected_kl=0.0,
    )


def names(corpus):
    for id_, name in NAMES.items():
        tags = ["inject", *([RICH[id_]] if id_ in RICH else [])]
        if name.startswith("-"):
            tags.append("name")
        setup = {"type": "copy", "name": name, "from": "csv/plain.csv"}
        if not name.startswith("-"):
            corpus.case(
                f"names/{id_}",
                "valid",
                "a name is only a name",
                setup=setup,
                tags=tags,
                expected_kl=KL,
            )
        bad = {"type": "copy", "name": name, "from": "csv/shape_fewer.csv"}
        corpus.case(
            f"names/error_{id_}",
            "invalid",
            "nothing acts in an error",
            setup=bad,
            name_hint="",
            tags=[*tags, "error"],
        )


if __name__ == "__main__":
    print(len(build().write(sys.argv[1])["cases"]), "cases")
