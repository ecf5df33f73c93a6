"""Delimited text: what is understood, with which notes; what is refused, and where."""

import pytest

from kldiv_cli.errors import InputError
from kldiv_cli.readers import ReadOptions, read_two

UTF16 = "\ufeffc,n\nred,5\nblue,3\n".encode("utf-16-le")
RED_BLUE = (("red", "blue"), [5, 3])

UNDERSTOOD = {
    "plain": ("x.csv", "c,n\nred,5\nblue,3\n", {}, *RED_BLUE, []),
    "no end of line": ("x.csv", "c,n\nred,5\nblue,3", {}, *RED_BLUE, []),
    "BOM, CRLF": ("x.csv", b"\xef\xbb\xbfc,n\r\nred,5\r\nblue,3\r\n", {}, *RED_BLUE, []),
    "CR alone": ("x.csv", "c,n\rred,5\rblue,3\r", {}, *RED_BLUE, []),
    "CR CR LF": ("x.csv", "c,n\r\r\nred,5\r\r\nblue,3\r\r\n", {}, *RED_BLUE, []),
    "blank lines": ("x.csv", "\nc,n\n\nred,5\n\n\nblue,3\n\n", {}, *RED_BLUE, []),
    "blanks around": ("x.csv", "c,n\nred, 5 \nblue,\t3\n", {}, *RED_BLUE, []),
    "quoted": ("x.csv", '"c","n"\n"red","5"\n"blue","3"\n', {}, *RED_BLUE, []),
    "signs, zeros": ("x.csv", "c,n\nred,+5\nblue,003\n", {}, *RED_BLUE, []),
    "tsv": ("x.tsv", "c\tn\nred\t5\nblue\t3\n", {}, *RED_BLUE, []),
    "upper case": ("X.CSV", "c,n\nred,5\nblue,3\n", {}, *RED_BLUE, []),
    "sniffed ,": ("x", "c,n\nred,5\nblue,3\n", {}, *RED_BLUE, []),
    "sniffed ;": ("x.txt", "c;n\nred;5\nblue;3\n", {}, *RED_BLUE, []),
    "sniffed tab": ("x.dat", "c\tn\nred\t5\nblue\t3\n", {}, *RED_BLUE, []),
    "sniffed |": ("x", "c|n\nred|5\nblue|3\n", {}, *RED_BLUE, []),
    "declared": ("x.csv", "c;n\nred;5\nblue;3\n", {"delimiter": ";"}, *RED_BLUE, []),
    "declared tab": ("x", "c\tn\nred\t5\nblue\t3\n", {"delimiter": "\\t"}, *RED_BLUE, []),
    "declared blank": ("x", "c n\nred 5\nblue 3\n", {"delimiter": " "}, *RED_BLUE, []),
    "format declared": ("x.tsv", "c,n\nred,5\nblue,3\n", {"format": "csv"}, *RED_BLUE, []),
    "utf-16": ("x.csv", UTF16, {}, *RED_BLUE, ["decoded"]),
    "utf-16 declared": ("x.csv", UTF16[2:], {"encoding": "utf-16-le"}, *RED_BLUE, []),
    "utf-16 declared, marked": ("x.csv", UTF16, {"encoding": "utf-16"}, *RED_BLUE, []),
    "utf-32": ("x.csv", "\ufeffc,n\na,5\n".encode("utf-32-be"), {}, ("a",), [5], ["decoded"]),
    "latin-1": (
        "x.csv",
        b"c,n\nr\xe9d,5\nb,3\n",
        {"encoding": "latin-1"},
        ("r\xe9d", "b"),
        [5, 3],
        [],
    ),
    "RFC 4180": (
        "x.csv",
        'c,n\n"a ""b""",5\n"x, y",3\n"two\nlines",2\n"cr\r\nlf",1\n',
        {},
        ('a "b"', "x, y", "two\nlines", "cr\r\nlf"),
        [5, 3, 2, 1],
        [],
    ),
    "quote within a word": ("x.csv", 'c,n\n5" pipe,5\nb,3\n', {}, ('5" pipe', "b"), [5, 3], []),
    "line separators of Unicode": (
        "x.csv",
        "c,n\na\u2028b,5\nc\x85d,3\n",
        {},
        ("a\u2028b", "c\x85d"),
        [5, 3],
        [],
    ),
    "labels are text": (
        "x.csv",
        "c,n\n007,5\nNA,3\n7,2\nnan,1\n",
        {},
        ("007", "NA", "7", "nan"),
        [5, 3, 2, 1],
        ["near-duplicate-labels"],
    ),
    "blanks differ": ("x.csv", "c,n\na,5\na ,3\n", {}, ("a", "a "), [5, 3], ["near-dup"]),
    "Unicode differs": (
        "x.csv",
        "c,n\n\xe9,5\ne\u0301,3\n",
        {},
        ("\xe9", "e\u0301"),
        [5, 3],
        ["near-dup"],
    ),
    "empty label": ("x.csv", "c,n\n,5\nb,3\n", {}, ("(missing)", "b"), [5, 3], ["missing-label"]),
    "no header": ("x.csv", "red,5\nblue,3\n", {}, *RED_BLUE, ["no-header"]),
    "no header, said so": ("x.csv", "red,5\nblue,3\n", {"header": False}, *RED_BLUE, []),
    "one row": ("x.csv", "red,5", {}, ("red",), [5], ["no-header"]),
    "one row below a header": ("x.csv", "c,n\nred,5", {}, ("red",), [5], []),
    "header of digits": ("x.csv", "c,2020\nred,5\nblue,3\n", {"header": True}, *RED_BLUE, []),
    "named by digits": ("x.csv", "c,2020\nred,5\nblue,3\n", {"weight": "2020"}, *RED_BLUE, []),
    "column by number": ("x.csv", "red,5\nblue,3\n", {"weight": "2"}, *RED_BLUE, ["no-header"]),
    "two columns of numbers": (
        "x.csv",
        "1,0.5\n2,0.5\n",
        {},
        ("1", "2"),
        [0.5, 0.5],
        ["no-header", "columns-chosen"],
    ),
    "faces of a die": ("x.csv", "face,fair\n1,.5\n2,.5\n", {}, ("1", "2"), [0.5, 0.5], []),
    "values are counted": ("x.csv", "value,count\n1,5\n2,3\n", {}, ("1", "2"), [5, 3], []),
    "labels by chance numbers": ("x.csv", "x,y\n01,5\nNA,3\n", {}, ("01", "NA"), [5, 3], []),
    "weights first": ("x.csv", "n,c\n5,red\n3,blue\n", {}, *RED_BLUE, []),
    "names in capitals": ("x.csv", "Colour, Count \nred,5\nblue,3\n", {}, *RED_BLUE, []),
    "written by pandas": ("x.csv", ",n\nred,5\nblue,3\n", {}, *RED_BLUE, []),
    "three columns": (
        "x.csv",
        "id,name,n\n1,red,5\n2,blue,3\n",
        {},
        *RED_BLUE,
        ["columns-chosen"],
    ),
    "comma at the end": ("x.csv", "c,n,\nred,5,\nblue,3,\n", {}, *RED_BLUE, ["columns-chosen"]),
    "by name": ("x.csv", "c,p,q\nred,5,1\nblue,3,1\n", {"weight": "p"}, *RED_BLUE, []),
    "both by name": (
        "x.csv",
        "a,b,c\n1,5,red\n2,3,blue\n",
        {"weight": "b", "label": "c"},
        *RED_BLUE,
        [],
    ),
    "weights only": ("x.csv", "5\n3\n", {}, None, [5, 3], ["no-header", "unlabelled"]),
    "weights and a name": ("x.csv", "n\n5\n3\n\n\n", {}, None, [5, 3], ["unlabelled"]),
    "two weights, no labels": (
        "x.csv",
        "p,q\n5,1\n3,1\n",
        {"weight": "p"},
        None,
        [5, 3],
        ["unlabelled"],
    ),
    "decimal comma": (
        "x.csv",
        "c;p\nred;0,5\nblue;0,5\n",
        {"delimiter": ";", "decimal": ","},
        ("red", "blue"),
        [0.5, 0.5],
        [],
    ),
    "decimal comma, quoted": (
        "x.csv",
        'c,p\nred,"0,5"\nblue,"0,5"\n',
        {"decimal": ","},
        ("red", "blue"),
        [0.5, 0.5],
        [],
    ),
    "# is data": ("x.csv", "#c,n\n#red,5\n#blue,3\n", {}, ("#red", "#blue"), [5, 3], []),
    "# is a comment": (
        "x.csv",
        '# a "b, c\nc,n\n#x\nred,5\n"a\n#b",3\n# end',
        {"comment": "#"},
        ("red", "a\n#b"),
        [5, 3],
        [],
    ),
    "summed": (
        "x.csv",
        "c,n\na,2\nb,3\na,3\n",
        {"duplicates": "sum"},
        ("a", "b"),
        [5, 3],
        ["duplicates-summed"],
    ),
    "uniq": (
        "x",
        "      5 red\n      3 blue\n",
        {"format": "uniq"},
        *RED_BLUE,
        [],
    ),
    "uniq, verbatim": (
        "x.uniq",
        "      5  a,b \r\n12345678 \r\n",
        {},
        (" a,b ", "(missing)"),
        [5, 12345678],
        ["missing-label"],
    ),
}


@pytest.mark.parametrize("case", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_it_is_understood(given, case):
    name, data, options, outcomes, weights, notes = case
    side = given(name, data, **options)
    assert side.outcomes == outcomes
    assert side.weights.tolist() == weights
    assert len(side.notes) == len(notes)
    for note, code in zip(side.notes, notes, strict=True):
        assert note.code.startswith(code)
        assert note.repair is (
            note.code not in ("unlabelled", "near-duplicate-labels", "missing-label")
        )


# name, contents, options, code, line, column, in the hint
REFUSED = {
    "empty": ("x.csv", "", {}, "empty-file", None, None, ""),
    "blank": ("x.csv", "\n\n", {}, "no-rows", None, None, ""),
    "header only": ("x.csv", "colour,count\n", {}, "no-rows", None, None, ""),
    "comments only": ("x.csv", "#a,1\n", {"comment": "#"}, "no-rows", None, None, ""),
    "no name": ("x.csv", "c,n\na,5\n", {"weight": ""}, "unknown-column", None, None, "'n'"),
    "word": ("x.csv", "c,n\na,5\nb,five\n", {}, "not-a-number", 3, 2, ""),
    "missing": ("x.csv", "c,n\na,5\nb,\n", {}, "missing-weight", 3, 2, "0"),
    "NaN": ("x.csv", "c,n\na,5\nb,NaN\n", {}, "not-finite", 3, 2, ""),
    "infinity": ("x.csv", "c,n\na,5\nb,inf\n", {}, "not-finite", 3, 2, ""),
    "-infinity": ("x.csv", "c,n\na,5\nb,-inf\n", {}, "not-finite", 3, 2, "--as logits"),
    "negative": ("x.csv", "c,n\na,5\nb,-3\n", {}, "negative-weight", 3, 2, "--as samples"),
    "overflow": ("x.csv", "c,n\na,5\nb,1e400\n", {}, "number-overflow", 3, 2, ""),
    "underflow": ("x.csv", "c,n\na,5\nb,1e-400\n", {}, "number-underflow", 3, 2, ""),
    "digits": ("x.csv", f"c,n\na,5\nb,1{'0' * 4300}\n", {}, "too-many-digits", 3, 2, ""),
    "huge beside a fraction": (
        "x.csv",
        f"c,n\na,1{'0' * 400}\nb,.5\n",
        {},
        "number-overflow",
        2,
        2,
        "",
    ),
    "underscore": ("x.csv", "c,n\na,5\nb,3_0\n", {}, "not-a-number", 3, 2, "separators"),
    "thousands": ("x.csv", 'c,n\na,5\nb,"1,000"\n', {}, "not-a-number", 3, 2, "--decimal"),
    "percent": ("x.csv", "c,n\na,5\nb,3%\n", {}, "not-a-number", 3, 2, "sign"),
    "hexadecimal": ("x.csv", "c,n\na,5\nb,0x3\n", {}, "not-a-number", 3, 2, ""),
    "full-width": ("x.csv", "c,n\na,5\nb,\uff13\n", {}, "not-a-number", 3, 2, ""),
    "Arabic digits": ("x.csv", "c,n\na,5\nb,\u0663\n", {}, "not-a-number", 3, 2, ""),
    "minus sign": ("x.csv", "c,n\na,5\nb,\u22123\n", {}, "not-a-number", 3, 2, ""),
    "no-break space": ("x.csv", "c,n\na,5\nb,\xa03\n", {}, "not-a-number", 3, 2, ""),
    "two lines": ("x.csv", 'c,n\na,5\nb,"3\n4"\n', {}, "not-a-number", 3, 2, ""),
    "true": ("x.csv", "c,n\na,5\nb,true\n", {}, "not-a-number", 3, 2, ""),
    "exponent": ("x.csv", "c,n\na,5\nb,3e\n", {}, "not-a-number", 3, 2, ""),
    "point": ("x.csv", "c,n\na,5\nb,.\n", {}, "not-a-number", 3, 2, ""),
    "decimal point under --decimal ,": (
        "x.csv",
        'c,n\na,"0,5"\nb,0.5\n',
        {"decimal": ","},
        "not-a-number",
        3,
        2,
        "--decimal",
    ),
    "line after a quoted line end": (
        "x.csv",
        'c,n\n"a\n\nb",5\nb,x\n',
        {},
        "not-a-number",
        5,
        2,
        "",
    ),
    "all zero": ("x.csv", "c,n\na,0\nb,0\n", {}, "no-mass", None, None, ""),
    "ragged": ("x.csv", "c,n\na,5\nb,3,1\n", {}, "ragged-row", 3, None, "quote"),
    "short": ("x.csv", "c,n\na,5\nb\n", {}, "ragged-row", 3, None, ""),
    "comment": ("x.csv", "c,n\na,5\n# end\n", {}, "ragged-row", 3, None, "--comment '#'"),
    "comment first": ("x.csv", "# of a day\nc,n\na,5\n", {}, "ragged-row", 2, None, "--comment"),
    "late ragged": (
        "x.csv",
        "c,n\n" + "".join(f"{i},1\n" for i in range(9000)) + "b\n",
        {},
        "ragged-row",
        9002,
        None,
        "",
    ),
    "late word": (
        "x.csv",
        "c,n\n" + "".join(f"{i},1\n" for i in range(9000)) + "b,x\n",
        {},
        "not-a-number",
        9002,
        2,
        "",
    ),
    "unclosed": ("x.csv", 'c,n\na,5\n"b,3\nc,4\n', {}, "unclosed-quote", 3, None, "double"),
    "after a quote": ("x.csv", 'c,n\na,5\n"b"c,3\n', {}, "bad-quote", 3, None, "double"),
    "lone CR": ("x.csv", "c,n\na,5\nb\rc,3\n", {}, "lone-carriage-return", 3, None, "quote"),
    "CR, then CRLF": ("x.csv", "c,n\ra,5\r\nb,3\r\n", {}, "lone-carriage-return", 1, None, ""),
    "duplicate": (
        "x.csv",
        "c,n\na,5\nb,3\na,1\n",
        {},
        "duplicate-labels",
        4,
        1,
        "--duplicates sum",
    ),
    "duplicate weights": (
        "x.csv",
        "c,p\na,.5\nb,.3\na,.2\n",
        {"duplicates": "sum"},
        "duplicate-labels",
        None,
        None,
        "--as counts",
    ),
    "fractional counts": (
        "x.csv",
        "c,n\na,5\nb,.5\n",
        {"kind": "counts"},
        "fractional-count",
        3,
        2,
        "--as weights",
    ),
    "latin-1": ("x.csv", b"c,n\na,5\nr\xfcn,3\n", {}, "undecodable", 3, 2, "--encoding"),
    "cut character": ("x.csv", b"c,n\na,5\nb,3\xc3", {}, "undecodable", 3, 4, ""),
    "overlong": ("x.csv", b"c,n\na,5\n\xc0\xaf,3", {}, "undecodable", 3, 1, ""),
    "surrogate": ("x.csv", b"c,n\na,5\n\xed\xa0\x80,3", {}, "undecodable", 3, 1, ""),
    "PNG": ("x.csv", b"\x89PNX\r\n\x1a\n\0\0", {}, "undecodable", 1, 1, ""),
    "NUL": ("x.csv", "c,n\na,5\nb\0c,3\n", {}, "nul-character", 3, 2, "--encoding"),
    "UTF-16, unmarked": ("x.csv", UTF16[2:], {}, "nul-character", 1, 2, "utf-16"),
    "other mark": (
        "x.csv",
        b"\xef\xbb\xbfc,n\na,5\n",
        {"encoding": "latin-1"},
        "encoding-conflict",
        None,
        None,
        "utf-8",
    ),
    "; in csv": ("x.csv", "c;n\na;5\nb;3\n", {}, "which-delimiter", 1, None, "--delimiter ';'"),
    "; and , in csv": (
        "x.csv",
        "c;n\na;0,5\nb;0,5\n",
        {},
        "which-delimiter",
        1,
        None,
        "--delimiter ';' --decimal ','",
    ),
    "; and , in csv, no header": (
        "x.csv",
        "a;0,5\nb;0,5\n",
        {},
        "which-delimiter",
        1,
        None,
        "--delimiter ';' --decimal ','",
    ),
    "tab in csv": ("x.csv", "c\tn\na\t5\n", {}, "which-delimiter", 1, None, "--delimiter tab"),
    ", in tsv": ("x.tsv", "c,n\na,5\n", {}, "which-delimiter", 1, None, "--delimiter ','"),
    "two delimiters": ("x", "a;0,5\nb;0,5\n", {}, "which-delimiter", 1, None, "or"),
    "uneven": ("x", "a,5\nb;3\n", {}, "which-delimiter", 1, None, "--delimiter"),
    "blanks": ("x", "red 5\nblue 3\n", {}, "no-weights", None, None, "--delimiter"),
    "uniq -c, no blanks": (
        "x",
        "12345678 a\n23456789 b\n",
        {},
        "looks-like-uniq",
        1,
        None,
        "--input-format uniq",
    ),
    "uniq -c of CSV": (
        "x.csv",
        "      5 a,1\n      3 b,2\n",
        {},
        "looks-like-uniq",
        1,
        None,
        "uniq",
    ),
    "uniq -c, large": ("x", "50000000 a\n30000000 b\n", {}, "looks-like-uniq", 1, None, "uniq"),
    "not uniq": ("x", "      5 a\nb\n", {"format": "uniq"}, "bad-uniq", 2, None, ""),
    "uniq twice": ("x", "5 a\n3 a\n", {"format": "uniq"}, "duplicate-labels", 2, None, "sum"),
    "text": ("x.csv", "red\nblue\nred\n", {}, "no-weights", None, None, "--as samples"),
    "decimal comma in tsv": (
        "x.tsv",
        "a\t0,5\nb\t0,5\n",
        {},
        "no-weights",
        None,
        None,
        "--decimal ','",
    ),
    "blank line": ("x.csv", "n\n5\n\n3\n", {}, "missing-weight", 3, None, ""),
    "several weights": ("x.csv", "c,p,q\na,1,2\n", {}, "several-weights", None, None, "--weight"),
    "several numbers": ("x.csv", "a,b\n1,2\n3,4\n", {}, "several-weights", None, None, "--weight"),
    "numbers by chance": (
        "x.csv",
        "k,x\n1,five\n2,3\n3,4\n",
        {},
        "several-weights",
        None,
        None,
        "",
    ),
    "several labels": (
        "x.csv",
        "a,b,n\nx,y,1\nz,w,2\n",
        {},
        "several-labels",
        None,
        None,
        "--label",
    ),
    "number of the row": ("x.csv", "id,c,n\n1,a,5\n2,b,3\n", {}, "several-labels", None, None, ""),
    "no such column": (
        "x.csv",
        "colour,count\na,5\n",
        {"weight": "cuont"},
        "unknown-column",
        None,
        None,
        "'count'",
    ),
    "no such label": (
        "x.csv",
        "colour,count\na,5\n",
        {"label": "color"},
        "unknown-column",
        None,
        None,
        "'colour'",
    ),
    "no such number": (
        "x.csv",
        "a,5\nb,3\n",
        {"weight": "3"},
        "unknown-column",
        None,
        None,
        "--header",
    ),
    "name twice": (
        "x.csv",
        "c,n,n\na,5,3\n",
        {"weight": "n"},
        "duplicate-columns",
        None,
        None,
        "",
    ),
    "one column twice": (
        "x.csv",
        "c,n\na,5\n",
        {"weight": "n", "label": "n"},
        "one-column-twice",
        None,
        None,
        "",
    ),
    "first weight NaN": ("x.csv", "a,nan\nb,3\n", {}, "which-header", 1, 2, "--no-header"),
    "first weight missing": ("x.csv", "a,\nb,3\n", {}, "which-header", 1, 2, "--no-header"),
    "first weight with unit": ("x.csv", "a,5x\nb,3\n", {}, "which-header", 1, 2, "--no-header"),
    "second mark": ("x.csv", "\ufeff\ufeff0.5\n0.5\n", {}, "which-header", 1, 1, ""),
    "label that is a name": (
        "x.csv",
        "q,0.5\n2,0.3\n3,.2\n",
        {},
        "which-header",
        1,
        1,
        "--header",
    ),
    "name above numbers": ("x.csv", "age,2020\n1,5\n2,7\n", {}, "which-header", 1, 2, "--header"),
    "delimiter": ("x.csv", "c,n\na,5\n", {"delimiter": "ab"}, "bad-delimiter", None, None, "';'"),
    "delimiter of digits": (
        "x.csv",
        "c,n\na,5\n",
        {"delimiter": "5"},
        "bad-delimiter",
        None,
        None,
        "",
    ),
    "decimal": ("x.csv", "c,n\na,5\n", {"decimal": ";"}, "bad-decimal", None, None, ""),
    "encoding": ("x.csv", "c,n\na,5\n", {"encoding": "nope"}, "unknown-encoding", None, None, ""),
    "utf-16 of either order": (
        "x.csv",
        UTF16[2:],
        {"encoding": "utf-16"},
        "encoding-conflict",
        None,
        None,
        "-le",
    ),
    "escapes are no encoding": (
        "x.csv",
        "c,n\na,5\n",
        {"encoding": "unicode_escape"},
        "unknown-encoding",
        None,
        None,
        "",
    ),
    "encoding of bytes": (
        "x.csv",
        "c,n\na,5\n",
        {"encoding": "hex"},
        "unknown-encoding",
        None,
        None,
        "",
    ),
    "format": ("x.csv", "c,n\na,5\n", {"format": "xls"}, "unknown-format", None, None, "csv"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(refused, case):
    name, data, options, code, line, column, hint = case
    error = refused(name, data, **options)
    assert error.code == code
    assert hint in error.hint
    if error.places:
        assert (error.places[0].line, error.places[0].column) == (line, column)


def test_all_bad_rows_are_counted_and_three_are_shown(refused):
    rows = "".join(f"{i},x\n" if i % 10 == 0 else f"{i},1\n" for i in range(10_000))
    error = refused("x.csv", "c,n\n" + rows + "ragged\n")
    assert error.code == "not-a-number"
    assert error.count == 1000
    assert [place.line for place in error.places] == [2, 12, 22]
    assert [place.name for place in error.places] == ["n"] * 3
    assert {place.value for place in error.places} == {"x"}


def test_two_columns_are_read_in_one_pass(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("c,p,q\na,1,0.5\nb,4,0.5\n")
    p, q = read_two(str(path), (ReadOptions(weight="p"), ReadOptions(weight="q")))
    assert (p.name, p.kind, p.weights.tolist()) == ("p", "counts", [1, 4])
    assert (q.name, q.kind, q.weights.tolist()) == ("q", "probabilities", [0.5, 0.5])
    assert p.outcomes == q.outcomes == ("a", "b")


def test_two_columns_without_labels_or_names(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,2\n3,4\n")
    sides = read_two(str(path), (ReadOptions(weight="1"), ReadOptions(weight="2")))
    assert [side.name for side in sides] == ["column 1", "column 2"]
    assert [side.outcomes for side in sides] == [None, None]
    assert [side.weights.tolist() for side in sides] == [[1, 3], [2, 4]]


def test_labels_are_held_once_however_often_they_are_repeated(tmp_path):
    import tracemalloc

    path = tmp_path / "x.csv"
    path.write_text("c,n,m\n" + f"{'x' * 100},1,1\n" * 200_000)
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_two(str(path), (ReadOptions(weight="n"), ReadOptions(weight="m")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.count == 199_999 * 2
    assert peak < 20_000_000


def test_wide_and_long_fields(given):
    wide = ",".join(["label", *(f"c{i}" for i in range(20_000))])
    row = "a," + ",".join(["1"] * 20_000)
    side = given("x.csv", f"{wide}\n{row}\n{row.replace('a', 'b')}\n", weight="c7")
    assert side.weights.tolist() == [1, 1]
    long = "x" * 3_000_000
    assert given("x.csv", f'c,n\n"{long}",5\nb,3\n').outcomes == (long, "b")


def test_a_row_of_numbers_has_no_weight_among_labels(refused, tmp_path):
    for name, text in (("x.csv", "red,blue\n5,3\n"), ("x.tsv", "a\tb\tc\n1\t2\t3\n")):
        error = refused(name, text)
        assert (error.code, "--weight" in error.hint) == ("several-weights", False)
        assert error.hint.startswith("write a row for each outcome")


def test_a_hint_names_a_column_whose_labels_differ(refused):
    error = refused("x.csv", "field,value,count\nhue,red,5\nhue,blue,3\n")
    assert (error.code, error.hint[:13]) == ("several-labels", "--label value")
