"""Two files of logits of language models, compared as a whole command beside PyTorch and NumPy.

    python tests/benchmarks/models.py                          # half an hour, 8 GB of disk
    python tests/benchmarks/models.py --part small --rounds 5
    python tests/benchmarks/models.py --torch VENV/bin/python --base VENV/bin/kldiv

Parts:

``small``  256 rows of 151,936 outcomes, in float32, float16 and bfloat16
``large``  20,000 rows of 32,000 outcomes, in float32 and in 16 bits; memory at 5,000 rows
``coded``  base files of llama.cpp, of 32,000 and 151,936 tokens, beside reading them and three
           exponentials of single precision for each of their numbers

Logits are generated: normal with deviation 3, and the other model's are off by normal errors of
deviation 0.1.  The programs take turns, all of them on one thread; what stands is the median over
the rounds, and a ratio, of user time to that of the first program, is the median of the ratios
within a round.  Times and memory are those of the whole process, start-up included.  PyTorch is
run by ``--torch``, a Python that has it, and left out without; ``--base`` sets another kldiv
beside this one.  The last column is how far the mean is off that of NumPy in double precision.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PROGRAM = Path(sys.executable).with_name("kldiv")
CHUNK = 8
"""Rows that the loops of the rivals take at once."""
SHAPES = {"small": (256, 151_936), "large": (20_000, 32_000), "quarter": (5_000, 32_000)}
PIECES = {"coded": (66, 32_000), "coded wide": (14, 151_936)}
"""Pieces of text of base files, 31 rows each, and the tokens of their vocabulary."""
BASE = ("--as", "logits", "-m", "kl_pq", "-q", "--threads", "1")
FIVE = [word for name in ("kl_qp", "tv", "entropy_p", "entropy_q") for word in ("-m", name)]

GENERATE = """
import sys, numpy as np
from numpy.lib.format import open_memmap
rows, outcomes, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random = np.random.default_rng(7)
types = {"f4": "<f4", "f2": "<f2", "bf": "<V2"}
out = {
    (side, name): open_memmap(f"{folder}/{side}_{name}.npy", "w+", dtype, (rows, outcomes))
    for side in "pq" for name, dtype in types.items()
}
for side in "pq":
    out[side, "bf"] = out[side, "bf"].view("<u2")
for start in range(0, rows, 64):
    n = min(64, rows - start)
    p = random.standard_normal((n, outcomes), dtype="f4") * 3
    q = p + random.standard_normal((n, outcomes), dtype="f4") * np.float32(0.1)
    for side, z in (("p", p), ("q", q)):
        bits = z.view("u4")
        out[side, "f4"][start : start + n] = z
        out[side, "f2"][start : start + n] = z
        out[side, "bf"][start : start + n] = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
"""
GENERATE_CODED = """
import struct, sys, numpy as np
pieces, outcomes, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random = np.random.default_rng(7)
record = np.dtype([("scale", "<f4"), ("min", "<f4"), ("code", "<u2", outcomes)])
tokens = random.integers(0, outcomes, pieces * 64).astype("<i4").tobytes()
head = b"_logits_" + struct.pack("<iii", 64, outcomes, pieces) + tokens
with open(f"{folder}/p.kld", "wb") as p, open(f"{folder}/q.kld", "wb") as q:
    p.write(head)
    q.write(head)
    for _ in range(pieces):
        z = random.standard_normal((31, outcomes), dtype="f4") * 3
        z[np.arange(31), random.integers(0, outcomes, 31)] += 10
        noise = random.standard_normal((31, outcomes), dtype="f4") * np.float32(0.1)
        for file, logits in ((p, z), (q, z + noise)):
            logits = logits.astype("f8")
            top = logits.max(axis=1, keepdims=True)
            low = np.maximum(logits.min(axis=1, keepdims=True), top - 16)
            scale = ((top - low) / 65535).astype("f4")
            rows = np.zeros(31, record)
            rows["scale"] = scale[:, 0]
            rows["min"] = (low - top)[:, 0] - np.log(np.exp(logits - top).sum(axis=1))
            rows["code"] = np.clip(np.rint((logits - low) / scale), 0, 65535)
            file.write(rows.tobytes())
"""
CODED = """
import sys, numpy as np
room = bytearray(1 << 20)
codes = np.frombuffer(room, "u2")
z, x = np.empty(len(codes), "f4"), np.empty(len(codes), "f4")
for path in sys.argv[1:3]:
    with open(path, "rb", buffering=0) as file:
        while size := file.readinto(room):
            np.multiply(codes, np.float32(-16 / 65535), out=z, dtype="f4")
            for _ in range(3):
                np.exp(z, out=x)
"""
READ = """
import sys, numpy as np
from numpy.lib import format
def rows_of(path, chunk):
    with open(path, "rb", buffering=0) as file:
        format.read_magic(file)
        (rows, outcomes), _, dtype = format.read_array_header_1_0(file)
        room = bytearray(chunk * outcomes * dtype.itemsize)
        for start in range(0, rows, chunk):
            n = min(chunk, rows - start)
            part = memoryview(room)[: n * outcomes * dtype.itemsize]
            assert file.readinto(part) == len(part)
            z = np.frombuffer(part, "u2" if dtype.kind == "V" else dtype).reshape(n, outcomes)
            yield (z.astype("u4") << 16).view("f4") if dtype.kind == "V" else z
"""
NUMPY = (
    READ
    + """
total = rows = 0
for p, q in zip(rows_of(sys.argv[1], CHUNK), rows_of(sys.argv[2], CHUNK)):
    p, q = p.astype("f8"), q.astype("f8")
    p -= p.max(axis=1, keepdims=True)
    q -= q.max(axis=1, keepdims=True)
    mass_p, mass_q = np.exp(p), np.exp(q)
    sum_p, sum_q = mass_p.sum(axis=1), mass_q.sum(axis=1)
    p -= q
    total += ((mass_p * p).sum(axis=1) / sum_p + np.log(sum_q / sum_p)).sum()
    rows += len(p)
print(total / rows)
"""
)
TORCH = (
    READ
    + """
import torch
from torch.nn import functional as F
torch.set_num_threads(1)
total = rows = 0
with torch.inference_mode():
    for p, q in zip(rows_of(sys.argv[1], CHUNK), rows_of(sys.argv[2], CHUNK)):
        p, q = (F.log_softmax(torch.from_numpy(z.copy()).float(), -1) for z in (p, q))
        total += float(F.kl_div(q, p, reduction="none", log_target=True).sum(-1).double().sum())
        rows += len(p)
print(total / rows)
"""
)
VECTORISED = """
import numpy as np
info = np.lib.introspect.opt_func_info
found = info(func_name="^exp$", signature="float64")["exp"]
print(next(iter(found.values()))["current"])
"""


class Cost(NamedTuple):
    """What a run took, in seconds and megabytes, and the first number that it printed."""

    user: float
    system: float
    wall: float
    peak: float
    answer: float | None


def run(command):
    """Run a program to its end, on one thread."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(names, "1")},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        words = out.read(10_000).decode().split()
    numbers = [float(word) for word in words if word.replace(".", "").replace("e-", "").isdigit()]
    answer = numbers[0] if numbers and process.returncode == 0 else None
    return Cost(used.ru_utime, used.ru_stime, wall, used.ru_maxrss / 1024, answer)


def compared(title, contenders, rounds):
    """Let programs take turns, and print a table; the first of them is what ratios are of."""
    costs = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, command in contenders.items():
            costs[name].append(run(command))
    truth = next((c[0].answer for name, c in costs.items() if name.startswith("NumPy")), None)
    first = next(iter(costs.values()))
    print(
        f"\n{title}\n{'':34}{'user s':>8}{'system s':>10}{'wall s':>8}{'MB':>7}{'ratio':>8}  off"
    )
    for name, of in costs.items():
        user, system, wall, peak = map(statistics.median, list(zip(*of, strict=True))[:4])
        ratio = statistics.median(b.user / a.user for a, b in zip(first, of, strict=True))
        off = ""
        if truth and of[0].answer:
            off = f"{abs(of[0].answer / truth - 1):.0e}"
        elif of[0].answer is None:
            off = "no answer"
        print(f"{name:34}{user:8.2f}{system:10.2f}{wall:8.2f}{peak:7.0f}{ratio:8.2f}  {off}")


def data(folder, shape):
    """Return a folder with both sides of a shape in all types, which are written if not there."""
    place = folder / shape
    if not (place / "q_bf.npy").exists():
        place.mkdir(parents=True, exist_ok=True)
        rows, outcomes = map(str, SHAPES[shape])
        subprocess.run([sys.executable, "-c", GENERATE, rows, outcomes, str(place)], check=True)
    return place


def coded_files(folder, shape):
    """Return two base files, which are written if they are not there."""
    place = folder / shape.replace(" ", "_")
    files = place / "p.kld", place / "q.kld"
    if not files[1].exists():
        place.mkdir(parents=True, exist_ok=True)
        pieces, outcomes = map(str, PIECES[shape])
        command = (sys.executable, "-c", GENERATE_CODED, pieces, outcomes, str(place))
        subprocess.run(command, check=True)
    return files


def pair(place, kind):
    return place / f"p_{kind}.npy", place / f"q_{kind}.npy"


def program(code):
    return code.replace("CHUNK", str(CHUNK))


def contenders(place, kind, args, more=()):
    """Return the programs that compare two files, by name."""
    both = pair(place, kind)
    # The file of bfloat16 has the type uint16: the option tells kldiv what the bits are.
    typed = ("--dtype", "bfloat16") if kind == "bf" else ()
    found = {"kldiv, kl_pq": (PROGRAM, "compare", *both, *BASE, *typed)}
    for name, words in more:
        found[f"kldiv, {name}"] = (PROGRAM, "compare", *both, *BASE, *typed, *words)
    if args.torch:
        found["PyTorch, float32, by chunks"] = (args.torch, "-c", program(TORCH), *both)
    found["NumPy, float64, by chunks"] = (sys.executable, "-c", program(NUMPY), *both)
    if args.base and kind != "bf":
        found["the other kldiv"] = (args.base, "compare", *both, *BASE[:-2])
    return found


def main():
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--part", default="small,large,coded")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--torch", type=Path)
    parser.add_argument("--base", type=Path)
    args = parser.parse_args()
    target = subprocess.run([sys.executable, "-c", VECTORISED], capture_output=True, text=True)
    print(f"NumPy's exp of float64: {target.stdout.strip() or 'unknown'}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.data or Path(temporary)
        parts = args.part.split(",")
        more = [("both directions, TV, entropies", FIVE), ("these and JS", [*FIVE, "-m", "js"])]
        if "small" in parts:
            place = data(folder, "small")
            for kind, name in (("f4", "float32"), ("f2", "float16"), ("bf", "bfloat16")):
                title = f"256 x 151,936 {name}"
                compared(title, contenders(place, kind, args, more), args.rounds)
        if "large" in parts:
            place = data(folder, "large")
            for kind, name in (("f4", "float32"), ("f2", "float16"), ("bf", "bfloat16")):
                title = f"20,000 x 32,000 {name}"
                compared(title, contenders(place, kind, args, more), args.rounds)
            fewer = pair(data(folder, "quarter"), "f4")
            compared("5,000 x 32,000 float32", {"kldiv": (PROGRAM, "compare", *fewer, *BASE)}, 1)
        if "coded" in parts:
            for shape, (pieces, outcomes) in PIECES.items():
                files = coded_files(folder, shape)
                found = {
                    "reading, 3 exponentials a number": (sys.executable, "-c", CODED, *files),
                    "kldiv, kl_pq": (PROGRAM, "compare", *files, *BASE[2:]),
                    "kldiv, all statistics": (PROGRAM, "compare", *files, "--threads", "1"),
                }
                compared(f"{31 * pieces:,} x {outcomes:,} in base files", found, args.rounds)


if __name__ == "__main__":
    main()
