"""Coverage-guided fuzzing of what reads and of what prints.

Two targets::

    python tests/benchmarks/fuzz.py --target readers --runs 1000000
    python tests/benchmarks/fuzz.py --target labels --seconds 600

``readers`` gives any bytes to every input format: they are understood, or refused with an
error that names the input; nothing is written, no process or connection is opened, and no
input takes long. ``labels`` gives any text to every output format, as labels, names and
paths: the output is valid, loses no label, and holds nothing that acts on what displays it.

With atheris (``pip install atheris``) the inputs are guided by the code that they reach;
without it, or with ``--plain``, seeds are mutated at random, from a fixed start. The exit code
is 1 if an input broke a promise; the input is printed and the run ends there.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import dataclasses
import difflib  # noqa: F401 (it evaluates a string as it is imported)
import gzip
import io
import json
import lzma
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np

LONGEST = 5
"""Seconds that one input may take."""
MEMORY = 2 << 30
"""Bytes by which the process may grow."""


class Broken(Exception):  # noqa: N818 (it names what happened)
    """A promise was broken."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", choices=sorted(TARGETS), required=True)
    parser.add_argument("--runs", type=int, default=0, help="inputs; 0 for no bound")
    parser.add_argument("--seconds", type=int, default=0, help="0 for no bound")
    parser.add_argument("--plain", action="store_true", help="do not use atheris")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not (options.runs or options.seconds):
        options.runs = 100_000
    atheris = None if options.plain else _atheris()
    with atheris.instrument_imports(include=["kldiv_cli"]) if atheris else nullcontext():
        target = TARGETS[options.target]()
    print(f"{options.target}: {'atheris' if atheris else 'mutations at random'}", flush=True)
    run = Run(target, options)
    (guided if atheris else mutated)(run, target.seeds, options, atheris)


def _atheris():
    try:
        import atheris
    except ImportError:
        return None
    return atheris


class Run:
    """Calls a target, and counts what came of it."""

    def __init__(self, target, options):
        self.target, self.options = target, options
        self.count = self.accepted = 0
        self.slowest = 0.0
        self.codes = {}
        self.started = time.monotonic()
        self.before = _peak()
        signal.signal(signal.SIGALRM, _too_long)

    def __call__(self, data):
        self.count += 1
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        try:
            code = self.target(data)
        except BaseException as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(f"\ninput {self.count} broke a promise: {data!r}\n{error!r}", flush=True)
            self.summary()
            import traceback

            traceback.print_exc()
            leave(1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.codes[code] = self.codes.get(code, 0) + 1
        if self.count % 100_000 == 0:
            print(f"{self.count} inputs in {time.monotonic() - self.started:.0f} s", flush=True)
        if self.over():
            self.summary()
            leave(0)

    def over(self):
        seconds = time.monotonic() - self.started
        return (0 < self.options.runs <= self.count) or (0 < self.options.seconds <= seconds)

    def summary(self):
        seconds = time.monotonic() - self.started
        grown = (_peak() - self.before) >> 20
        print(
            f"\n{self.count} inputs in {seconds:.0f} s, the slowest {self.slowest:.2f} s;"
            f" memory grew by {grown} MB"
        )
        for code, number in sorted(self.codes.items(), key=lambda pair: -pair[1]):
            print(f"{number:>9} {code}")
        sys.stdout.flush()


FOLDERS = []


def leave(code):
    """End at once, as libFuzzer's loop does not, and leave nothing behind."""
    for folder in FOLDERS:
        shutil.rmtree(folder)
    os._exit(code)


def folder_for(parent):
    FOLDERS.append(tempfile.mkdtemp(dir=parent, prefix="kldiv-fuzz-"))
    return FOLDERS[-1]


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _too_long(number, frame):
    raise Broken(f"an input takes longer than {LONGEST} s")


def guided(run, seeds, options, atheris):
    """Let libFuzzer choose the inputs."""
    folder = folder_for(None)
    for i, seed in enumerate(seeds):
        Path(folder, str(i)).write_bytes(seed)
    # Runs and seconds are counted here; libFuzzer would end without a summary.
    words = [sys.argv[0], f"-seed={options.seed}", "-rss_limit_mb=0", "-verbosity=0"]
    atheris.Setup([*words, "-max_len=4096", folder], run)
    atheris.Fuzz()


def mutated(run, seeds, options, atheris):
    """Change seeds at random; what is accepted becomes a seed, too."""
    rng = random.Random(options.seed)
    pool = list(seeds)
    while True:
        run(mutation(rng, pool))


def mutation(rng, pool):
    data = bytearray(rng.choice(pool))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.choice(WORDS)
        elif kind == 2:
            del data[at : at + rng.randrange(1, 9)]
        elif kind == 3:
            other = rng.choice(pool)
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + rng.randrange(64)]
        elif kind == 4:
            data[at:at] = data[at : at + rng.randrange(32)] * rng.randrange(1, 5)
        else:
            data[at:at] = bytes([rng.randrange(256)])
    return bytes(data[:4096])


WORDS = [
    word if isinstance(word, bytes) else word.encode()
    for word in (
        *'," \t;|\n\r{}[]:-+.eE0195#', "\r\n", '""', "1e400", "1e-400", "NaN", "-Infinity", "null",
        "true", "9" * 400, "weight", "label", "count", "１", "\u2028", "\ufeff", "\x1b[31m",
        "\u202e", "::error::x", "##[error]", "<b>", "=1+1", "|", "`", "\\", "[/]", ":warning:",
        b"\0", b"\xff", b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04", b"\x93NUMPY\x01\x00",
        b"\xff\xff\xff\xff", b"(3,)", b"'<f8'", b"<i8", b"\x9b", b"\xed\xa0\x80",
    )
]  # fmt: skip


class Readers:
    """Any bytes, as a file of every format; the first byte chooses which, and the options."""

    def __init__(self):
        from kldiv_cli.errors import InputError, UsageError

        # What is imported late is imported now, where it is instrumented.
        from kldiv_cli.readers import (  # noqa: F401
            ReadOptions,
            arrays,
            delimited,
            header,
            jsonl,
            meaning,
            npz,
            read,
            read_two,
            source,
            uniq,
            weights,
        )  # fmt: skip

        self.read, self.read_two, self.refused = read, read_two, (InputError, UsageError)
        pair = [ReadOptions(weight="x"), ReadOptions(weight="y")]
        self.cases = [
            *[(name, ReadOptions()) for name in FILES],
            ("x.csv", ReadOptions(kind="counts", duplicates="sum")),
            ("x.csv", ReadOptions(kind="logits", label="label", comment="#")),
            ("x.csv", ReadOptions(header=False, delimiter=";", decimal=",")),
            ("x.csv", ReadOptions(header=True, weight="1")),
            ("x.txt", ReadOptions(encoding="utf-16")),
            ("x.txt", ReadOptions(encoding="shift_jis")),
            ("x.json", ReadOptions(kind="log-probs")),
            ("x.json", ReadOptions(weight="x")),
            ("x.jsonl", ReadOptions(kind="counts", duplicates="sum")),
            ("x.npz", ReadOptions(weight="x", max_inflated=10_000)),
            ("x.csv.gz", ReadOptions(max_inflated=100)),
            *[(name, pair) for name in ("x.csv", "x.json", "x.jsonl", "x.npz")],
        ]
        memory = "/dev/shm"
        self.folder = folder_for(memory if os.access(memory, os.W_OK) else None)
        self.limited = False
        self.reading = False
        # Each name is opened once, and rewritten.
        self.files = {
            name: open(os.path.join(self.folder, name), "wb", buffering=0)  # noqa: SIM115
            for name, _ in self.cases
        }
        sys.addaudithook(self.audit)
        self.seeds = [
            bytes([i % 256]) + data
            for i, (name, _) in enumerate(self.cases)
            for data in seeds_of(name)
        ]

    def audit(self, event, arguments):
        if not self.reading:
            return
        if event == "open":
            path, _, flags = arguments
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
                raise Broken(f"it writes {path!r}")
        elif event == "exec" and os.path.exists(arguments[0].co_filename):
            pass  # A module of Python's own is imported late.
        elif event.startswith(FORBIDDEN):
            raise Broken(f"{event} {arguments!r}"[:200])

    def __call__(self, data):
        if not self.limited:
            self.limited = True
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        name, options = self.cases[(data[0] if data else 0) % len(self.cases)]
        file = self.files[name]
        file.seek(0)
        file.truncate()
        file.write(data[1:])
        path = os.path.join(self.folder, name)
        self.reading = True
        try:
            if isinstance(options, list):
                sides = self.read_two(path, tuple(options))
            else:
                sides = (self.read(path, options),)
        except self.refused as error:
            self.reading = False
            check_error(error, path)
            return error.code
        finally:
            self.reading = False
        for side in sides:
            check_side(side)
        return "understood"


FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove",
    "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "shutil.", "pickle.", "urllib.", "tempfile.", "ctypes.", "exec",
)  # fmt: skip
FILES = (
    "x.csv", "x.tsv", "x.txt", "x.json", "x.jsonl", "x.npy", "x.npz", "x.uniq", "x", "x.csv.gz",
    "x.csv.bz2", "x.json.xz", "x.npy.gz", "x.parquet", "x.csv.zst",
)  # fmt: skip


def check_error(error, path):
    if error.code in ("unreadable", "internal", "out-of-memory"):
        raise Broken(f"{error.code}: {error.message}") from error
    if not (error.places or type(error).__name__ == "UsageError"):
        raise Broken("the input is not named")
    if any(place.source != path for place in error.places):
        raise Broken("another input is named")
    if len(error.message) > 700 or len(error.hint) > 700:
        raise Broken(f"a message of {len(error.message)} characters")


def check_side(side):
    weights = side.weights
    logs = side.kind in ("logits", "log-probs")
    values = weights if weights.dtype.kind in "iuO" else weights.astype(float)
    if values.dtype.kind == "f" and not np.all(np.isfinite(values) | (logs & np.isneginf(values))):
        raise Broken("a weight is not finite")
    if not logs and not np.all(values >= 0):
        raise Broken("a weight is negative")
    if not np.all((values > -np.inf if logs else values > 0).any(axis=-1)):
        raise Broken("there is no mass")
    if side.rows_read != side.rows_used:
        raise Broken("a row was lost")
    if side.outcomes is not None:
        if len(set(side.outcomes)) != len(side.outcomes) or weights.ndim != 1:
            raise Broken("a label is there twice")
        if len(side.outcomes) != weights.shape[0] or not all(
            type(label) is str for label in side.outcomes
        ):
            raise Broken("labels and weights do not fit")


def seeds_of(name):
    """Return a few files of the format that a name says."""
    table = b'label,x,y\n"a, b",1,0.5\nc,2,0.25\n\xc3\xa9,3,0.25\n'
    plain = b"colour,count\nred,5\ngreen,3\nblue,2\n"
    values = np.array([1.0, 2.0, 5.0])
    array = npy(values)
    archive = npz(x=values, y=np.array([3, 4, 5]))
    objects = [
        b'{"red": 5, "gr\\u00fcn": 3e1, "blue": 0.25}', b"[0.1, 0.2, 0.7]", b"[[1,2],[3,4]]",
        b'[{"label":"a","x":1,"y":2},{"label":"b","x":3,"y":4}]',
        b'{"x": {"a": 1, "b": 2}, "y": {"a": 2, "b": 1}}', b'{"x": [1, 2], "y": [2, 1]}',
    ]  # fmt: skip
    found = {
        "csv": [table, plain, b"\xef\xbb\xbfa;b\r\n1;2,5\r\n", b"# c\nx,n\na,1\na,2\n"],
        "tsv": [plain.replace(b",", b"\t")],
        "txt": [plain, plain.decode().encode("utf-16"), "x,n\nあ,1\nい,2\n".encode("shift_jis")],
        "json": objects,
        "jsonl": [b'{"label":"a","x":1}\n{"label":"b","x":2}\n', b"[1,2]\n[3,4]\n", b"1\n2\n"],
        "npy": [array, npy(np.array([[1, 2], [3, 4]], ">i2", order="F")), npy(values, (3, 0))],
        "npz": [archive, npz(x=values)],
        "uniq": [b"      5 red\n     13 light blue\n"],
        "": [plain, array, archive, gzip.compress(plain, mtime=0), objects[0]],
        "gz": [gzip.compress(plain, mtime=0), gzip.compress(array, mtime=0)],
        "bz2": [bz2.compress(plain)],
        "xz": [lzma.compress(objects[0])],
        "parquet": [b"PAR1xxxxPAR1"],
        "zst": [b"\x28\xb5\x2f\xfd"],
    }
    return found[name.rpartition(".")[2] if "." in name else ""]


def npy(array, version=(1, 0)):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(array))
    return stream.getvalue()


class Labels:
    """Any text in every place where a report prints what comes from outside."""

    def __init__(self):
        from kldiv_cli.cli import messages
        from kldiv_cli.errors import InputError, Note, Place
        from kldiv_cli.pipeline.compare import compare
        from kldiv_cli.renderers import Layout, render

        self.messages, self.render = messages, render
        self.note, self.error, self.place = Note, InputError, Place
        counts = ({"\0a": 5, "\0b": 3, "\0c": 2}, {"\0a": 2, "\0b": 2, "\0d": 6})
        self.report = compare(*counts, measures=["kl", "kl_qp"])
        self.count = 0
        self.layouts = {
            "text": Layout(),
            "rich": Layout(terminal=True, width=80, unicode=True, color=True),
            "narrow": Layout(terminal=True, width=40),
            "json": Layout(),
            "csv": Layout(),
            "markdown": Layout(),
        }
        self.numbers = re.compile(rb"[0-9]\.[0-9]{5,}").findall(self.text("text").encode())
        texts = [
            "red|blue", "a\nb\tc\rd", "\x1b[31mred", "\u202eabc\u2066", "<img src=x>", "=1+1|@x",
            "::error::x", "a ::set-output name=x::y", "##[add-mask]x", "x ##vso[task.x]y",
            "[bold]x[/bold]|:warning:", "![x](http://y)|`a`", "日本語|é\u0301", '"quoted","x"',
            "\\x1b|\\|", "x" * 300, " | \u200b\ufeff", "-1|+2|@x|=x", "\udcff|\ud800",
        ]  # fmt: skip
        self.seeds = [text.encode("utf-8", "surrogatepass") for text in texts]

    def text(self, name, report=None):
        format_ = {"rich": "text", "narrow": "text"}.get(name, name)
        return self.render(self.report if report is None else report, format_, self.layouts[name])

    def hostile(self, parts):
        """Return the report with these labels, names and paths in it."""
        *labels, p, q = (parts[i % len(parts)] for i in range(6))
        comparison = self.report.comparisons[0]
        # As everywhere, labels differ.
        labels = [f"{label}{i}" if i else label for i, label in enumerate(labels)]
        contributions = tuple(
            part._replace(outcome=label)
            for part, label in zip(comparison.contributions, labels, strict=False)
        )
        comparison = changed(
            comparison,
            contributions=contributions,
            only_in_p=(labels[0],),
            only_in_q=(labels[1], labels[2]),
        )
        return changed(
            self.report,
            p=self.report.p._replace(name=p, source=labels[3]),
            q=self.report.q._replace(name=q, source=p),
            comparisons=(comparison,),
            notes=(self.note(code="x", message=p, source=q, advice=labels[0]),),
        )

    def __call__(self, data):
        # Half of the inputs are file names: bytes that are not UTF-8 become lone surrogates.
        how = "surrogatepass" if data[:1] < b"\x80" else "surrogateescape"
        text = data.decode("utf-8", how if how == "surrogateescape" else "replace")
        if how == "surrogatepass":
            text = text.replace("\ufffd", "\ud800")
        report = self.hostile(text.split("|"))
        self.count += 1
        for name in self.layouts:
            if name in SLOW and self.count % RARELY:
                continue
            check_text(name, self.text(name, report), report, self.numbers)
        notes = [self.messages.note(report.notes[0], terminal=t, color=False) for t in (0, 1)]
        place = self.place(text, 1, 2, name=text, value=text)
        problem = self.error("x", text, place, hint=text)
        notes += [self.messages.error(problem, terminal=t, color=False) for t in (0, 1)]
        for note in notes:
            check_plain(note)
            if len(note) > 2000 or note.count("\n") > 25:
                raise Broken(f"a message of {len(note)} characters")
        return "printed"


def changed(value, **changes):
    """Return a record with some of its fields changed, whatever kind of record it is."""
    if hasattr(value, "_replace"):
        return value._replace(**changes)
    return dataclasses.replace(value, **changes)


SLOW, RARELY = ("rich", "narrow"), 100
"""Laying a report out for a terminal takes ten times as long as all other formats."""
STYLE = re.compile(r"\x1b\[[0-9;]*m")
ACTS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
COMMAND = re.compile(r"^\s*::|##\w*\[", re.M)
HTML = re.compile(r"<(?!br>)|@|https?:", re.I)


def check_plain(text):
    acting = ACTS.search(text) or COMMAND.search(text)
    if acting:
        raise Broken(f"{acting[0]!r} is printed")
    text.encode()


def check_text(name, text, report, numbers):
    """Check one format: valid, safe, with every label where labels are data."""
    plain = STYLE.sub("", text) if name == "rich" else text
    check_plain(plain)
    comparison = report.comparisons[0]
    labels = [part.outcome for part in comparison.contributions]
    if name == "json":
        document = json.loads(text, parse_constant=_no_constant)
        found = [part["outcome"] for part in document["comparisons"][0]["contributions"]]
        expected = [re.sub("[\ud800-\udfff]", "", label) for label in labels]
        kept = [re.sub("[\ud800-\udfff]", "", label) for label in found]
        if any("\ud800" <= c <= "\udfff" for label in found for c in label):
            raise Broken("half a surrogate pair in JSON")
        if found != labels and not any(
            "\ud800" <= c <= "\udfff" for label in labels for c in label
        ):
            raise Broken(f"JSON has the labels {kept}, not {expected}")
    elif name == "csv":
        rows = list(csv.reader(io.StringIO(text), strict=True))
        if len(rows) != 3 or {len(row) for row in rows} != {len(rows[0])}:
            raise Broken("the CSV has other rows or columns")
        for cell in (cell for row in rows for cell in row):
            if cell.startswith(tuple("=+-@\t\r＝＋－＠")) and not is_number(cell):
                raise Broken(f"{cell!r} is a formula")
    elif name == "markdown":
        if HTML.search(plain):
            raise Broken(f"{HTML.search(plain)[0]!r} is markup")
        widths = [cells(line) for line in plain.splitlines() if line.startswith("|")]
        if widths != [5] * 4 + [6] * (2 + len(labels)) + [4] * 4:
            raise Broken(f"the cells of the tables are {widths}")
    else:
        missing = [n for n in numbers if name == "text" and n not in text.encode()]
        if missing:
            raise Broken(f"{missing} are cut")


def cells(line):
    """Count the bars of a row that are no text."""
    return len(re.findall(r"\|", re.sub(r"\\.", "", line)))


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _no_constant(word):
    raise Broken(f"{word} in JSON")


TARGETS = {"readers": Readers, "labels": Labels}

if __name__ == "__main__":
    main()
