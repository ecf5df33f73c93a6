"""Make the picture of the README: a check in a terminal, and the page that it writes beside it.

    python tests/pictures/readme.py

needs ``chromium`` on the path, and writes docs/pictures/check.png.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "check.png"
COMMAND = "kldiv check sample_data/flights_january.json july=sample_data/flights_july.csv"
COLUMNS, WIDTH, HEIGHT = 92, 1720, 800
PAGE = """<!doctype html><meta charset="utf-8"><style>
body{{margin:0;display:flex;background:#fff}}
pre{{font:13px/1.45 'DejaVu Sans Mono',monospace;margin:0;padding:22px 26px;background:#fbfbfb;
border-right:1px solid #ddd;flex:none}}
iframe{{border:0;flex:1;height:{height}px}}
</style>{terminal}<iframe src="{page}"></iframe>"""


def shown_in_terminal():
    """Return what the command prints in a terminal, as HTML with its colours."""
    kldiv = Path(sys.executable).with_name("kldiv")
    words = COMMAND.split()[1:]
    leader, follower = os.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    run = subprocess.Popen(
        [kldiv, *words], cwd=ROOT, env=environment, stdout=follower, stderr=subprocess.DEVNULL
    )
    os.close(follower)
    printed = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # The end of a terminal.
            break
        if not piece:
            break
        printed += piece
    run.wait()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}\n", style="bold"))
    console.print(Text.from_ansi(printed.decode().replace("\r\n", "\n")))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def main():
    """Write the picture."""
    kldiv = Path(sys.executable).with_name("kldiv")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        subprocess.run([kldiv, *COMMAND.split()[1:], "-o", page], cwd=ROOT, stderr=-3, check=False)
        frame = Path(folder) / "frame.html"
        frame.write_text(PAGE.format(height=HEIGHT, terminal=shown_in_terminal(), page=page.name))
        PICTURE.parent.mkdir(exist_ok=True)
        subprocess.run(
            [
                "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--blink-settings=preferredColorScheme=1", f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={PICTURE}", frame.as_uri(),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
