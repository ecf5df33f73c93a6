"""Draw reports of several kinds, and photograph them, for people to judge: not a test.

    python tests/pictures/screenshots.py FOLDER

writes each report as HTML and SVG, and as text, into FOLDER. Where ``chromium`` is on the path,
the pages are photographed light and dark, 400 and 1400 pixels wide, and the drawings as they are;
where ``tmux`` is, the text is shown in windows of 40, 80 and 200 columns, colours included.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from kldiv_cli import check, compare, matrix

DATA = Path(__file__).parents[2] / "sample_data"
HOSTILE = [
    "<script>alert(1)</script>", "]]>", "&amp;", "\u202egnp.exe", "\x1b[31mred\x1b[0m",
    "::error::no", "a\nb", "", " ", "宽字符" * 12, "x" * 300, "e\u0301" * 9, "'\"`",
]  # fmt: skip
WIDTHS, HEIGHT = (400, 1400), 2400
COLUMNS = (40, 80, 200)


def wide(columns, seed=7):
    """Return two tables of many columns, of which some drift, some pass, some cannot be told."""
    random = np.random.default_rng(seed)
    before, after = {}, {}
    for i in range(columns):
        shift = (0.0, 0.0, 0.1, 0.35, 0.6)[i % 5]
        before[f"column_{i:03}"] = random.normal(0, 1, 2000).tolist()
        after[f"column_{i:03}"] = random.normal(shift, 1, 2000).tolist()
    return before, after


def hostile(seed=8):
    """Return two tables whose outcomes, and whose columns, have names of all kinds."""
    random = np.random.default_rng(seed)
    places = random.integers(0, len(HOSTILE), (2, 3000))
    places[1, :900] = 0
    before, after = ([HOSTILE[place] for place in side] for side in places.tolist())
    return (
        {name or "(empty)": before for name in HOSTILE[:6]},
        {name or "(empty)": after for name in HOSTILE[:6]},
    )


def rows(seed=9):
    """Return a batch of distributions, and another one near it, with a few rows far away."""
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.ones(8), 5000)
    q = 0.9 * p + 0.1 * random.dirichlet(np.ones(8), 5000)
    q[::500] = random.dirichlet(np.ones(8), 10)
    return p, q


def reports():
    """Yield the name and the report of each kind."""
    yield "compare", compare(DATA / "airlines_july.csv", DATA / "airlines_january.csv")
    yield "letters", compare(DATA / "letters_german.json", DATA / "letters_english.json")
    flights = DATA / "flights_january.json", DATA / "flights_july.csv"
    yield "check", check(*flights)
    yield "check-3", check(*wide(3))
    yield "check-300", check(*wide(300))
    yield "batch", compare(*rows())
    yield "hostile", check(*hostile())
    shares = np.random.default_rng(10).dirichlet(np.ones(6), 12)
    yield "matrix", matrix({f"week {i + 1}": row for i, row in enumerate(shares)})


def photograph(page, picture, width, *, dark):
    """Photograph a page in a frame of a width: no window of a browser is as narrow as a phone."""
    frame = page.with_suffix(".frame.html")
    style = f"width:{width}px;height:{HEIGHT}px;border:0"
    frame.write_text(f'<body style="margin:0"><iframe src="{page.name}" style="{style}"></iframe>')
    subprocess.run(
        [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--window-size={max(width, 500)},{HEIGHT}", f"--screenshot={picture}",
            frame.resolve().as_uri(),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    frame.unlink()


def in_tmux(command, columns):
    """Return what a terminal of so many columns shows of a command, with its colours."""
    name = f"kldiv-{columns}"
    tmux = ["tmux", "-L", name]
    size = ["-x", str(columns), "-y", "200"]
    shell = f"{command}; sleep 60"
    subprocess.run([*tmux, "-f", "/dev/null", "new-session", "-d", *size, shell], check=True)
    time.sleep(4)
    shown = subprocess.run([*tmux, "capture-pane", "-e", "-p"], check=True, capture_output=True)
    subprocess.run([*tmux, "kill-server"], check=True)
    return shown.stdout.rstrip() + b"\n"


def main(folder):
    """Write all reports, and their photographs, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, report in reports():
        for format in ("html", "svg", "text"):
            path = folder / f"{name}.{format}"
            path.write_text(report.render(format))
            print(f"{path}: {path.stat().st_size:,} bytes")
        if shutil.which("chromium"):
            for width in WIDTHS:
                for dark in (False, True):
                    picture = folder / f"{name}-{width}{'-dark' if dark else ''}.png"
                    photograph(folder / f"{name}.html", picture, width, dark=dark)
            photograph(folder / f"{name}.svg", folder / f"{name}-svg.png", 1000, dark=False)
    if shutil.which("tmux"):
        kldiv = Path(sys.executable).with_name("kldiv")
        flights = f"{DATA / 'flights_january.json'} {DATA / 'flights_july.csv'}"
        airlines = f"{DATA / 'airlines_july.csv'} {DATA / 'airlines_january.csv'}"
        for name, command in (("check", f"check {flights}"), ("compare", f"compare {airlines}")):
            for columns in COLUMNS:
                shown = in_tmux(f"{kldiv} {command}", columns)
                (folder / f"{name}-{columns}.ansi").write_bytes(shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
