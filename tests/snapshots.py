"""Record what thousands of kldiv commands print, and show what differs between two records.

::

    python tests/snapshots.py record before.json
    (change the package)
    python tests/snapshots.py record after.json
    python tests/snapshots.py diff before.json after.json

`record` runs every command and keeps its exit code, standard output, standard error and the
files that it writes into the folder ``out``. The commands are:

- ``corpus``: every case of tests/corpus, by compare and check in text and JSON, by profile and
  by inspect; the hostile cases in every format;
- ``golden``: the commands of tests/acceptance/cases;
- ``readme``: the commands of the console blocks of README.md;
- ``matrix``: the lines of tests/snapshots/commands.txt;
- ``extra``: with ``--cases FOLDER``, the files of that folder, run as the corpus is. Where it
  holds a manifest.json like the one that tests/corpus/build.py writes, its cases are run;
  otherwise each file is compared with itself.

The commands and their data come from the checkout that this script is in. The package that
they run is the one that is installed for ``--python`` (the Python that runs this script if not
given), so that one script can record two checkouts. To start Python for each command would take
most of the time: a process that has imported NumPy and Typer, but nothing of kldiv, forks for
each command of the other groups, and one that has imported all of kldiv forks for each case of
a corpus, whose commands run one after the other. Commands with a pipe, a redirection or a
variable run in bash, and start Python anew. With ``--kldiv PATH`` every command runs that
executable instead, as a process of its own.

Everything runs in a fresh folder with relative paths, under a fixed environment; nothing that
is printed is changed before it is kept.

`diff` prints a short unified diff of each command whose record differs, and names the commands
that only one of the records has. It exits with 0 if there is no difference, with 1 if there is.
"""

from __future__ import annotations

import argparse
import atexit
import difflib
import errno
import fcntl
import importlib.util
import itertools
import json
import os
import pkgutil
import re
import selectors
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SECONDS = 300  # After these a command is killed; its exit code is then "killed".
COMPARE_FORMATS = ("text", "json", "csv", "markdown")
CHECK_FORMATS = (*COMPARE_FORMATS, "junit", "github", "prometheus")
# These take minutes as raw rows: one inflates to any size, the other has 5,000 columns.
SLOW_ROWS = re.compile("bomb|csv/wide")
IMPORTED = ("numpy", "typer", "rich.console", "scipy.special")


# What is run. A command is a dictionary:
#
#   name      unique: its group, its case, and the command line
#   words     the arguments of kldiv; or
#   shell     a line for bash, in which `kldiv` is the package under test
#   folder    where it runs, relative to the folder of the run
#   stdin     what standard input holds, in hexadecimal; "closed" if there is none at all
#   fifo      a named pipe, and what is written into it, in hexadecimal
#   terminal  the width of the terminal that standard output and standard error are
#   case      of a corpus; commands of one case may run in one process
#   out       whether it writes files


def commands_of(folder, extra):
    """Fill the folder of a run with data, and return the commands that run in it."""
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    shutil.copytree(TESTS / "acceptance" / "data", folder / "tests" / "acceptance" / "data")
    shutil.copytree(TESTS / "snapshots" / "data", folder / "data")
    (folder / "out").mkdir()
    corpus = load_build().build()
    corpus.write(folder / "corpus")
    found = list(of_lines("matrix", (TESTS / "snapshots" / "commands.txt").read_text()))
    for path in sorted((TESTS / "acceptance" / "cases").glob("*.txt")):
        found += of_lines(f"golden {path.stem}", "\n".join(dollars(path.read_text())))
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    found += of_lines("readme", "\n".join(line for block in blocks for line in dollars(block)))
    for case in corpus.cases:
        if case.get("setup", {}).get("path") == "/dev/urandom":
            continue  # What is wrong with it is another thing each time.
        found += of_case("corpus", case, folder)
    if extra:
        shutil.copytree(extra, folder / "extra")
        for case in extra_cases(folder / "extra"):
            found += of_case("extra", case, folder)
    return list({command["name"]: command for command in found}.values())


def load_build():
    spec = importlib.util.spec_from_file_location("build", TESTS / "corpus" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dollars(text):
    return re.findall(r"^\$ (.*)$", text, re.M)


def of_lines(group, text):
    """Return the commands of a text with one a line; blank lines and comments are none.

    A line that bash need not see, as it only calls kldiv, is run without it. One that begins
    with ``terminal WIDTH`` is run on a terminal of that width.
    """
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        command = {"name": f"{group}: {line}"}
        if on := re.match(r"terminal (\d+) ", line):
            command["terminal"] = int(on[1])
            line = line[on.end() :]
        unquoted = re.sub("'[^']*'", "", line)
        if line.startswith("kldiv ") and not re.search(r'[|&;<>$`\\*?\[{~#"]', unquoted):
            yield {**command, "words": shlex.split(line)[1:]}
        else:
            yield {**command, "shell": line}


def extra_cases(folder):
    """Return the cases of a folder: those of its manifest, or each of its files with itself."""
    if (folder / "manifest.json").exists():
        return json.loads((folder / "manifest.json").read_text())["cases"]
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [{"id": name, "file": name, "partner": name, "kind": "either"} for name in names]


def of_case(group, case, folder):
    """Return the commands that run one case of a corpus, which is in the folder `group`."""
    where = {"folder": ".", "case": f"{group} {case['id']}"}
    partner = f"{group}/{case['partner']}"
    if "setup" in case:
        path, more = arranged(group, case, folder)
        where.update(more)
        partner = os.path.relpath(partner, where["folder"])
    else:
        path = f"{group}/{case['file']}"
    p, q = {"p": (path, partner), "q": (partner, path)}.get(case.get("role", "p"), (path, path))

    def command(*words):
        line = "kldiv " + shlex.join(words)
        return {**where, "name": f"{group} {case['id']}: {line}", "words": list(words)}

    for format_ in ("text", "json"):
        yield command("compare", "-f", format_, "--", p, q)
        yield command("check", "-f", format_, "--as", "counts", "--", q, p)
        # A named pipe is read once.
        if not (SLOW_ROWS.search(path) or "fifo" in where):
            yield command("check", "-f", format_, "--as", "samples", "--", path, path)
    if not SLOW_ROWS.search(path):
        yield command("profile", "--", path)
    yield command("inspect", "--", path)
    if "inject" not in case.get("tags", ()):
        return
    out = os.path.relpath("out", where["folder"])
    for name, formats, words in (
        ("compare", COMPARE_FORMATS, ("--", p, q)),
        ("check", CHECK_FORMATS, ("--as", "samples", "--", path, path)),
        ("check", CHECK_FORMATS, ("--as", "counts", "--", q, p)),
    ):
        reports = [f"--report={one}={out}/report.{one}" for one in formats]
        yield {**command(name, "-f", "csv", *reports, *words), "out": True}


def arranged(group, case, folder):
    """Make what a case asks for; return the word for it, and what else its commands need."""
    setup = case["setup"]
    kind, name = setup["type"], setup.get("name", "")
    content = bytes.fromhex(setup.get("content_hex", "")) or setup.get("content", "").encode()
    word = f"in/{case['id']}/{name}"
    path = folder / word[:250]
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "dir":
        path.mkdir()
    elif kind == "perm":
        path.write_bytes(content)
        path.chmod(0)
    elif kind == "symlink_loop":
        path.symlink_to(path.name)
    elif kind == "symlink":
        path.symlink_to(setup["target"].replace("CORPUS", os.path.relpath(group, word + "/..")))
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(setup["size"])
    elif kind == "fifo":
        os.mkfifo(path)
        return word, {"fifo": [word, content.hex()]}
    elif kind == "stdin":
        return setup.get("arg", "-"), {"stdin": content.hex()}
    elif kind == "stdin_closed":
        return "-", {"stdin": "closed"}
    elif kind == "path":
        return setup["path"], {}
    elif kind == "url":
        return setup["template"].format(port=9), {}
    elif kind == "copy":
        path.write_bytes((folder / group / setup["from"]).read_bytes())
        if name.startswith("-"):
            return name, {"folder": os.path.dirname(word)}
    return word, {}


# How it is run: `record` starts this script once more, by the Python of the package under test,
# as `serve COMMANDS RECORDS`.


def serve(commands, records, executable):
    """Run each command, and write its record; in the process of a command, return its words."""
    for name in () if executable else IMPORTED:
        with suppress(ImportError):
            importlib.import_module(name)
    # Each command starts as a copy of this process: there should be little in it.
    with open(commands, "rb") as lines, open(records, "wb", buffering=0) as file:
        for _, batch in itertools.groupby(map(json.loads, lines), together(executable)):
            some = list(batch)
            if "case" in some[0] and not executable and "kldiv_cli.__main__" not in sys.modules:
                import_all()
            words = run_batch(some, file, executable)
            if words is not None:
                return words
    return None


def together(executable):
    """Return a key that is the same for commands that one process may run."""

    def key(command):
        alone = executable or "case" not in command or {"stdin", "fifo", "out"} & set(command)
        return command["name"] if alone else command["case"]

    return key


def import_all():
    import kldiv_cli

    for module in pkgutil.walk_packages(kldiv_cli.__path__, "kldiv_cli."):
        # No command needs PyTorch, which may not be there.
        if module.name != "kldiv_cli.distillation.tensors":
            importlib.import_module(module.name)


def run_batch(commands, file, executable):
    """Run commands in one process and write their records.

    In that process, return the words of kldiv if there is but one command.
    """
    first = commands[0]
    writer = fed(first["fifo"]) if "fifo" in first else None
    stdin_read, stdin_write = os.pipe()
    width = first.get("terminal")
    ends = [pseudo_terminal(width) if width else os.pipe() for _ in range(2 * len(commands))]
    codes_read, codes_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(stdin_read, 0)
        for fd in (stdin_read, stdin_write, codes_read, *(read for read, _ in ends)):
            os.close(fd)
        os.chdir(first.get("folder", "."))
        writes = [write for _, write in ends]
        if len(commands) > 1:
            run_here(commands, writes, codes_write)
        redirect(*writes)
        return entered(first, executable)
    for fd in (stdin_read, codes_write, *(write for _, write in ends)):
        os.close(fd)
    given = first.get("stdin", "")
    data = bytes.fromhex("" if given == "closed" else given)
    texts = talked(pid, stdin_write, data, [*(read for read, _ in ends), codes_read])
    last = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if writer:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    *texts, codes = texts or [b""] * (len(ends) + 1)
    codes = list(codes) if len(commands) > 1 else [last]
    codes += [last] * (len(commands) - len(codes))  # It did not come to these.
    for number, command in enumerate(commands):
        record = {"code": "killed" if codes[number] == -signal.SIGKILL else codes[number]}
        for key, text in zip(("stdout", "stderr"), texts[2 * number :], strict=False):
            # The line that tells how far the work is comes on a slow machine alone.
            text = re.sub(rb"(\r\x1b\[K[^\r\n]*)*\r\x1b\[K", b"", text)
            record[key] = text.decode("utf-8", "surrogateescape")
        record["files"] = {}
        for path in sorted(Path("out").iterdir()):
            record["files"][path.name] = path.read_bytes().decode("utf-8", "surrogateescape")
            path.unlink()
        file.write(json.dumps([command["name"], record]).encode() + b"\n")
    return None


def redirect(stdout, stderr):
    for number, fd in enumerate((stdout, stderr), 1):
        os.dup2(fd, number)
        os.close(fd)


def run_here(commands, writes, codes):
    """Run several commands in this process, one after the other, and end it."""
    for number, command in enumerate(commands):
        redirect(*writes[2 * number : 2 * number + 2])
        os.write(codes, bytes([called(command["words"])]))
    os._exit(0)


def called(words):
    """Do what the program kldiv does with its arguments, and return its exit code."""
    from kldiv_cli.cli.process import run

    try:
        code = run(words)
    except Exception:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def entered(command, executable):
    """Become the process of a command: return the words of kldiv, or run a program."""
    if command.get("stdin") == "closed":
        os.close(0)
    if "shell" in command:
        os.execvp("bash", ["bash", "-c", command["shell"]])
    if executable:
        os.execv(executable, ["kldiv", *map(os.fsencode, command["words"])])
    if command.get("stdin") == "closed":
        sys.stdin = None
    if "terminal" in command:
        sys.stdout.reconfigure(line_buffering=True)
    return command["words"]


def pseudo_terminal(width):
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    return master, slave


def fed(fifo):
    """Start a process that writes into a named pipe once somebody reads it; return its id."""
    path, content = fifo
    pid = os.fork()
    if pid == 0:
        try:
            with open(path, "wb", buffering=0) as file:
                file.write(bytes.fromhex(content))
        finally:
            os._exit(0)
    return pid


def talked(pid, stdin, data, readers):
    """Feed a process and return what it writes; None if it had to be killed."""
    texts = {fd: bytearray() for fd in readers}
    end = time.monotonic() + SECONDS
    with selectors.DefaultSelector() as selector:
        for fd in readers:
            selector.register(fd, selectors.EVENT_READ)
        os.set_blocking(stdin, False)
        selector.register(stdin, selectors.EVENT_WRITE)
        if not data:
            selector.unregister(stdin)
            os.close(stdin)
        while selector.get_map():
            ready = selector.select(end - time.monotonic())
            if time.monotonic() >= end:
                os.killpg(pid, signal.SIGKILL)
                return None
            for key, _ in ready:
                if key.fd == stdin:
                    try:
                        data = data[os.write(stdin, data) :]
                    except BrokenPipeError:
                        data = b""
                    if data:
                        continue
                else:
                    try:
                        text = os.read(key.fd, 1 << 16)
                    except OSError as error:  # So ends a terminal that nobody writes to.
                        if error.errno != errno.EIO:
                            raise
                        text = b""
                    texts[key.fd] += text
                    if text:
                        continue
                selector.unregister(key.fd)
                os.close(key.fd)
    return list(texts.values())


def record(options):
    started = time.monotonic()
    python = os.path.abspath(options.python)
    executable = os.path.abspath(options.kldiv or Path(python).with_name("kldiv"))
    if not os.access(executable, os.X_OK):
        raise SystemExit(f"there is no program {executable}")
    with tempfile.TemporaryDirectory(prefix="kldiv-snapshots-") as outside:
        folder = Path(outside, "run")
        folder.mkdir()
        bin_folder = Path(outside, "bin")
        bin_folder.mkdir()
        (bin_folder / "kldiv").symlink_to(executable)
        commands = commands_of(folder, options.cases)
        if options.only:
            commands = [one for one in commands if re.search(options.only, one["name"])]
        asked, answers = Path(outside, "commands"), Path(outside, "records")
        asked.write_text("".join(json.dumps(command) + "\n" for command in commands))
        words = [python, "-P", __file__, "serve", str(asked), str(answers)]
        words += [executable] if options.kldiv else []
        environment = {
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
        }
        subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=True)
        lines = answers.read_text().splitlines()
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
    records = dict(map(json.loads, lines))
    missing = [command["name"] for command in commands if command["name"] not in records]
    if missing:
        raise SystemExit(f"{len(missing)} commands were not run, the first: {missing[0]}")
    named = [name for name, one in records.items() if outside in json.dumps(one)]
    for name in named:
        print(f"prints the folder of the run, another each time: {name}", file=sys.stderr)
    options.out.write_text(json.dumps(records, indent=0))
    seconds = time.monotonic() - started
    killed = sum(one["code"] == "killed" for one in records.values())
    print(f"{len(records)} commands of {options.kldiv or package_of(python)} in {seconds:.0f} s")
    if killed:
        print(f"{killed} of them were killed after {SECONDS} s")
    return 0


def package_of(python):
    """Return the folder of the package that a Python imports."""
    words = [python, "-P", "-c", "import kldiv_cli; print(*kldiv_cli.__path__)"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def parts(record):
    """Return what a record keeps, by names: its code, its streams, and its files."""
    return {
        "code": f"{record['code']}\n",
        "stdout": record["stdout"],
        "stderr": record["stderr"],
        **{f"out/{name}": text for name, text in record["files"].items()},
    }


def visible(text):
    """Return lines in which nothing acts on a terminal."""
    lines = text.split("\n")
    lines = lines[:-1] if not lines[-1] else [*lines[:-1], lines[-1] + " (no newline at end)"]
    return [re.sub(r"[^\x20-\x7e\xa1-\u1fff\u2500-\u25ff]", escaped, line) for line in lines]


def escaped(character):
    return character[0].encode("unicode_escape", "surrogatepass").decode()


def difference(name, before, after, most):
    """Return a short unified diff of two records of one command."""
    shown = [f"== {' '.join(visible(name + chr(10)))}"]
    old, new = parts(before), parts(after)
    for part in dict.fromkeys([*old, *new]):
        sides = [visible(side.get(part, "")) for side in (old, new)]
        if old.get(part) == new.get(part):
            continue
        lines = list(difflib.unified_diff(*sides, lineterm="", n=1))[2:]
        shown.append(f"-- {part}")
        shown += [line[:300] for line in lines[:most]]
        if len(lines) > most:
            shown.append(f"   ({len(lines) - most} more lines)")
    return "\n".join(shown)


def diff(options):
    records = [json.loads(path.read_text()) for path in (options.before, options.after)]
    if options.only:
        records = [
            {name: one for name, one in side.items() if re.search(options.only, name)}
            for side in records
        ]
    before, after = records
    both = [name for name in before if name in after]
    changed = [name for name in both if before[name] != after[name]]
    for name in changed[: options.commands]:
        print(difference(name, before[name], after[name], options.lines))
    if len(changed) > options.commands:
        print(f"({len(changed) - options.commands} more commands differ: --commands N)")
    alone = 0
    for where, one, other in (("BEFORE", before, after), ("AFTER", after, before)):
        names = [name for name in one if name not in other]
        alone += len(names)
        for name in names[: options.commands]:
            print(f"only in {where}: {' '.join(visible(name + chr(10)))}")
        if len(names) > options.commands:
            print(f"({len(names) - options.commands} more only in {where})")
    print(f"{len(both)} commands in both: {len(changed)} differ; {alone} are in one only")
    return 1 if changed or alone else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    actions = parser.add_subparsers(required=True)
    action = actions.add_parser("record", help="run all commands, and keep what they print")
    action.set_defaults(action=record)
    action.add_argument("out", type=Path, metavar="OUT.json")
    which = action.add_mutually_exclusive_group()
    which.add_argument("--python", default=sys.executable, help="where kldiv is installed")
    which.add_argument("--kldiv", help="run this executable for each command (slow)")
    action.add_argument("--cases", type=Path, metavar="FOLDER", help="more data files")
    action.add_argument("--only", metavar="PATTERN", help="commands whose name matches")
    action = actions.add_parser("diff", help="show what differs between two records")
    action.set_defaults(action=diff)
    action.add_argument("before", type=Path, metavar="BEFORE.json")
    action.add_argument("after", type=Path, metavar="AFTER.json")
    action.add_argument("--only", metavar="PATTERN", help="commands whose name matches")
    action.add_argument("--lines", type=int, default=12, help="of the diff of one stream (12)")
    action.add_argument("--commands", type=int, default=50, help="to show (50)")
    options = parser.parse_args()
    return options.action(options)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        argv = serve(sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None)
        if argv is not None:
            code = called(argv)
            # All of Python's end but to take its modules apart, which takes ten times as
            # long as the rest.
            atexit._run_exitfuncs()
            os._exit(code)
        sys.exit(0)
    sys.exit(main())
