"""Reports arrive whole, or the run fails: full disks, closed pipes, the nth call that fails."""

import errno
import json
import os
import stat
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from kldiv_cli.cli.outputs import ReportFile
from kldiv_cli.errors import OutputError, UsageError


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def report_file(path, *inputs):
    with ReportFile(str(path)) as file:
        file.open(inputs)
        yield file


def test_a_report_file_appears_whole(tmp_path):
    target = tmp_path / "report.json"
    with report_file(target) as file:
        assert not target.exists()
        file.write("é\n")
        file.put_in_place()
    assert target.read_bytes() == "é\n".encode()
    assert left(tmp_path) == ["report.json"]


def test_a_run_that_fails_leaves_the_old_report(tmp_path):
    target = tmp_path / "report.json"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), report_file(target):
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert left(tmp_path) == ["report.json"]


def test_the_umask_and_an_existing_mode_are_kept(tmp_path):
    fresh, existing = tmp_path / "fresh", tmp_path / "existing"
    existing.write_text("old")
    existing.chmod(0o604)
    mask = os.umask(0o027)
    try:
        for target in (fresh, existing):
            with report_file(target) as file:
                file.write("new")
                file.put_in_place()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
    assert stat.S_IMODE(existing.stat().st_mode) == 0o604


def test_a_symbolic_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with report_file(tmp_path / "link") as file:
        file.write("new")
        file.put_in_place()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("how", ["same", "hard link", "symbolic link"])
def test_an_input_is_never_overwritten(tmp_path, how):
    source = tmp_path / "p.csv"
    source.write_text("a,1\n")
    target = {"same": source}.get(how, tmp_path / "other")
    if how == "hard link":
        target.hardlink_to(source)
    elif how == "symbolic link":
        target.symlink_to(source)
    with pytest.raises(UsageError, match="never overwritten"):
        report_file(target, str(source)).__enter__()
    assert left(tmp_path) == sorted({"p.csv", target.name})


@pytest.mark.parametrize("target", ["no/such/folder/x", "", "folder", "nul\0"])
def test_what_cannot_be_written_fails_before_the_work(tmp_path, target):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="could not be written"):
        report_file(tmp_path / target if target else "").__enter__()


@pytest.mark.parametrize("name", ["os.fsync", "os.replace"])
def test_each_step_that_fails_leaves_the_old_report(tmp_path, monkeypatch, name):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "report.json"
    target.write_text("old")
    with (
        pytest.raises(OutputError, match="No space left"),
        report_file(target) as file,
    ):
        monkeypatch.setattr(name, fail)
        file.write("new")
        file.put_in_place()
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert left(tmp_path) == ["report.json"]


@pytest.mark.parametrize("n", range(3))
def test_the_nth_write_that_fails_leaves_the_old_report(tmp_path, n):
    class Failing:
        """A disk that takes four bytes a write, and is full after n of them."""

        def __init__(self, stream):
            self.stream, self.left = stream, n

        def write(self, view):
            if not self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.left -= 1
            return self.stream.write(view[:4])

        def __getattr__(self, name):
            return getattr(self.stream, name)

    target = tmp_path / "report.json"
    target.write_text("old")
    with (
        pytest.raises(OutputError, match="No space left"),
        report_file(target) as file,
    ):
        file._stream = Failing(file._stream)
        file.write("a report of many bytes")
        file.put_in_place()
    assert target.read_text() == "old"
    assert left(tmp_path) == ["report.json"]


SAMPLES = "sample_data/die_loaded.csv sample_data/die_fair.csv"


def test_what_is_no_regular_file_is_written_directly(shell, tmp_path):
    ran = shell(f"kldiv {SAMPLES} -m kl_pq -q -o /dev/stdout | cat")
    assert float(ran.out) == pytest.approx(0.006769212868378576, rel=2e-15)
    pipe = tmp_path / "pipe"
    ran = shell(f"mkfifo {pipe}; cat {pipe} & kldiv {SAMPLES} -m kl_pq -q -o {pipe}; wait")
    assert float(ran.out) == pytest.approx(0.006769212868378576, rel=2e-15)
    assert left(tmp_path) == ["pipe"]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["-o", "one", "--report", "json=one"], "one"),
        (["--report", "csv=one", "--report", "json=./one"], "one"),
        (["-o", "link", "--report", "csv=one"], "one"),
        (["--report", "json=-"], "standard output"),
        (["--report", "json=/dev/stdout"], "standard output"),
        (["-o", "/dev/fd/1", "--report", "json=-"], "standard output"),
        (["--rows", "-"], "standard output"),
        (["-q", "--rows", "/dev/stdout"], "standard output"),
        (["-o", "one", "--rows", "one"], "one"),
        (["--report", "csv=/dev/stderr", "--report", "json=/proc/self/fd/2"], "standard error"),
    ],
)
def test_no_report_takes_the_place_of_another(kldiv, pair, tmp_path, monkeypatch, words, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("one")
    ran = kldiv("compare", *pair, *words)
    assert ran.code == 2
    assert "two reports go to" in ran.err
    assert place in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "p.csv", "q.csv"]


def test_a_device_takes_two_reports(kldiv, pair):
    assert kldiv("compare", *pair, "-o", "/dev/null", "--report", "json=/dev/null").code == 0


def test_a_pipe_is_not_written_by_who_reads_it(shell, pair):
    ran = shell(f"kldiv - {pair[1]} -o /dev/stdin", stdin=b"x,n\nred,1\n")
    assert ran.code == 2
    assert "output-is-input" in ran.err


@pytest.mark.parametrize(
    "name",
    ["chart.png", "chart.PDF", "report.xlsx", "p.parquet", "report.json.gz", "r.tsv", "r.webp"],
)
@pytest.mark.parametrize("command", ["compare", "check"])
def test_a_name_that_promises_what_no_report_is(kldiv, pair, tmp_path, monkeypatch, command, name):
    monkeypatch.chdir(tmp_path)
    kinds = ["--as", "counts"]
    ran = kldiv(command, *pair, *kinds, "-o", name)
    assert (ran.code, ran.out) == (2, "")
    assert f"{os.path.splitext(name)[1].lower()} file" in ran.err
    assert "text, json, csv, markdown" in ran.err
    assert left(tmp_path) == ["p.csv", "q.csv"]
    # Each of the two hints works, and an explicit format always does.
    hint = ran.err.rpartition("help: ")[2]
    first, second = hint.split("; ")
    assert second.startswith("--format text ")
    for words in (first.split(), ["-o", name, "--format", "text"], ["-o", name, "-f", "csv"]):
        assert kldiv(command, *pair, *kinds, "-o", name, *words).code != 2
    assert (tmp_path / name).read_text().startswith("column,")
    assert len(left(tmp_path)) == 4


@pytest.mark.parametrize("name", ["r.html", "r.HTM", "r.svg"])
@pytest.mark.parametrize("command", ["compare", "check", "matrix"])
def test_pages_and_pictures_are_told_by_their_names(kldiv, pair, tmp_path, command, name):
    ran = kldiv(command, *pair, "--as", "counts", "-o", tmp_path / name)
    assert (ran.code == 2, ran.out) == (False, "")
    format = "svg" if name.endswith("svg") else "html"
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text.startswith("<svg" if format == "svg" else "<!DOCTYPE html>")
    assert kldiv(command, *pair, "--as", "counts", "-f", format).out == text


@pytest.mark.parametrize("format", ["html", "svg"])
def test_a_page_stays_as_it_was_where_a_run_fails(kldiv, pair, tmp_path, format):
    path = tmp_path / f"r.{format}"
    path.write_text("old")
    ran = kldiv("compare", pair[0], tmp_path / "none.csv", "-o", path)
    assert (ran.code, ran.out) == (2, "")
    assert path.read_text() == "old"
    ran = kldiv("compare", pair[0], tmp_path / "none.csv", "-f", format)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("name", ["r.xml", "r.prom"])
def test_a_format_of_another_command_is_none_of_this_one(kldiv, pair, tmp_path, name):
    ran = kldiv("compare", *pair, "-o", tmp_path / name)
    assert ran.code == 2
    assert "error[unknown-format]" in ran.err
    assert left(tmp_path) == ["p.csv", "q.csv"]
    assert kldiv("check", *pair, "--as", "counts", "-o", tmp_path / name).code != 2
    assert (tmp_path / name).read_text()[0] in "<#"


@pytest.mark.parametrize("name", ["p.json", "p.json.gz", "p.csv", "p.npz", "p.out"])
def test_a_profile_is_json_and_no_other_file(kldiv, pair, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    ran = kldiv("profile", pair[0], "-o", name)
    if name in ("p.json", "p.out"):
        assert ran.code == 0
        assert json.loads((tmp_path / name).read_text())["schema"] == "kldiv.profile/1"
        return
    assert ran.code == 2
    assert ran.err.endswith("help: --output p.json\n")
    assert kldiv("profile", pair[0], "-o", name, "--output", "p.json").code == 0


@pytest.mark.parametrize("name", ["report.out", "report", "report.txt", "report.2026-11", ".png"])
def test_an_unknown_extension_is_a_text_report(kldiv, pair, tmp_path, name):
    assert kldiv("compare", *pair, "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_text().startswith("kl_pq  ")


def test_an_empty_name_is_no_file(kldiv, pair):
    ran = kldiv("compare", *pair, "-o", "")
    assert (ran.code, ran.out) == (2, "")


def test_a_report_waits_for_a_pipe_that_is_full_and_does_not_block(root):
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, bytes(1 << 16))
    words = ["compare", "sample_data/die_fair.csv", "sample_data/die_loaded.csv", "-f", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kldiv_cli", *words, "-o", f"/dev/fd/{write}"],
        cwd=root,
        pass_fds=[write],
    )
    os.close(write)
    data = b"".join(iter(lambda: os.read(read, 1 << 16), b""))
    os.close(read)
    assert process.wait() == 0
    assert json.loads(data.lstrip(b"\0"))["schema"] == "kldiv.compare/1"


@pytest.fixture
def batch(table):
    """Two batches of two rows."""
    return table("p.json", "[[1, 3], [1, 1]]"), table("q.json", "[[1, 1], [1, 1]]")


TV = "column,q,row,tv,same_top,top_5_agreement\n,q,0,0.25,0,1.0\n,q,1,0.0,1,1.0\n"


@pytest.mark.parametrize("words", [[], ["-q"], ["-f", "json", "--report", "csv=all.csv"]])
def test_rows_are_one_more_report(kldiv, batch, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    alone = kldiv(*batch, "-m", "tv", *words)
    ran = kldiv(*batch, "-m", "tv", *words, "--rows", "rows.csv")
    assert (ran.code, ran.out, ran.err) == (0, alone.out, alone.err)
    assert (tmp_path / "rows.csv").read_text() == TV


def test_rows_go_to_standard_output_where_no_other_report_does(kldiv, batch, tmp_path):
    ran = kldiv(*batch, "-m", "tv", "-o", tmp_path / "report.json", "--rows", "-")
    assert (ran.code, ran.out) == (0, TV)
    assert json.loads((tmp_path / "report.json").read_text())["error"] is None


def test_rows_never_replace_an_input(kldiv, batch):
    for path in batch:
        ran = kldiv(*batch, "--rows", path)
        assert ran.code == 2
        assert "output-is-input" in ran.err
    assert kldiv(*batch).code == 0


def test_a_run_that_fails_leaves_the_old_rows(kldiv, batch, table, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("old")
    wrong = table("wrong.json", "[[1, -3], [1, 1]]")
    ran = kldiv(wrong, batch[1], "--rows", rows)
    assert ran.code == 2
    assert rows.read_text() == "old"
    ran = kldiv(wrong, batch[1], "-o", tmp_path / "report", "--rows", "-")
    assert (ran.code, ran.out) == (2, "")
    assert left(tmp_path) == ["p.json", "q.json", "rows.csv", "wrong.json"]


def test_rows_with_a_fault_in_the_last_piece_leave_the_old_ones(tmp_path):
    def faulty():
        yield "row\n"
        raise ArithmeticError("a measure is not a number")

    target = tmp_path / "rows.csv"
    target.write_text("old")
    with pytest.raises(ArithmeticError), report_file(target) as file:
        file.write(faulty())
    assert target.read_text() == "old"
    assert left(tmp_path) == ["rows.csv"]


def test_there_is_no_report_that_is_rows(kldiv, batch):
    for words in (["-f", "rows"], ["--report", "rows=rows.csv"]):
        assert kldiv(*batch, *words).code == 2


def test_rows_end_quietly_with_a_closed_pipe(shell, tmp_path):
    logits = "sample_data/teacher_logits.npy sample_data/student_logits.npy --as logits"
    words = f"{logits} -o {tmp_path}/report --rows -"
    ran = shell(f"kldiv {words} | true; echo ${{PIPESTATUS[0]}}")
    assert (ran.out, ran.err) == ("0\n", "")
