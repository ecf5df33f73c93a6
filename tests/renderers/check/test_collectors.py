"""What the collectors of Prometheus make of reports: nothing is dropped, and alerts are seen.

The programs are those of Debian's packages prometheus, prometheus-node-exporter and
prometheus-pushgateway. They listen on ports of this machine that the system chooses.
"""

import json
import os
import re
import select
import shutil
import subprocess
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest

EXPORTER, GATEWAY = "prometheus-node-exporter", "prometheus-pushgateway"
ROWS = {
    "orders/reference.csv": {"heads": 5000, "tails": 5000},
    "orders/current.csv": {"heads": 5000, "tails": 5000},
    "users/reference.csv": {"heads": 5000, "tails": 5000},
    "users/current.csv": {"heads": 9000, "tails": 1000},
}
RULES = {
    "Drift": 'kldiv_verdict{verdict="drift"} == 1',
    "NoAnswer": "kldiv_success == 0",
}


def program(name):
    """Return a mark that skips a test where a program is not installed."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"there is no {name}")


@pytest.fixture
def metrics(kldiv, tmp_path, monkeypatch):
    """Write the metrics of three checks into one folder: a pass, drift, and no answer."""
    monkeypatch.chdir(tmp_path)
    for path, counts in ROWS.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        rows = "".join(f"{side}\n" * n for side, n in counts.items())
        (tmp_path / path).write_text(f"side\n{rows}")
    folder = tmp_path / "metrics"
    folder.mkdir()
    for name, current, code in (("orders", "current", 0), ("users", "current", 1),
                                ("shop", "gone", 2)):  # fmt: skip
        files = [f"{name}/reference.csv", f"{name}/{current}.csv"]
        target = folder / f"{name}.prom"
        target.write_text('kldiv_success{dataset="old"} 1\n')
        assert kldiv("check", *files, "-o", target).code == code
    return folder


def samples(text):
    """Return the samples of kldiv in a page, whatever the order of their labels."""
    found = re.findall(r"^(kldiv_\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)
    lines = [(name, *sorted(labels.split(",")), float(value)) for name, labels, value in found]
    assert len(lines) == len(re.findall(r"^kldiv_", text, re.MULTILINE))
    return sorted(lines, key=str)


def written(metrics):
    return samples("".join(path.read_text() for path in metrics.iterdir()))


@contextmanager
def serving(command, patience):
    """Run a program that says where it listens, and yield its address."""
    process = subprocess.Popen(
        [*command, "--web.listen-address=127.0.0.1:0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = b""
    try:
        address = None
        while not address:
            assert select.select([process.stderr], [], [], patience)[0], said
            more = os.read(process.stderr.fileno(), 1 << 16)
            assert more, said
            said += more
            address = re.search(rb'"Listening on" address=(\S+)\n', said)
        yield f"http://{address[1].decode()}"
    finally:
        process.kill()
        process.communicate(timeout=patience)


def page(url, patience, data=None):
    with urlopen(Request(url, data=data), timeout=patience) as answer:
        return answer.read().decode()


@program("promtool")
def test_the_metrics_are_linted(metrics, patience):
    for path in metrics.iterdir():
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=path.read_bytes(), capture_output=True,
            timeout=patience, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@program(EXPORTER)
def test_a_folder_of_metrics_is_exposed_to_the_last_sample(metrics, patience):
    command = [EXPORTER, "--collector.disable-defaults", "--collector.textfile"]
    with serving([*command, f"--collector.textfile.directory={metrics}"], patience) as address:
        text = page(f"{address}/metrics", patience)
    assert "\nnode_textfile_scrape_error 0\n" in text
    assert samples(text) == written(metrics)
    assert {line[-2:] for line in samples(text) if line[0] == "kldiv_success"} == {
        ('dataset="orders/reference"', 1), ('dataset="users/reference"', 1),
        ('dataset="shop/reference"', 0),
    }  # fmt: skip


@program(GATEWAY)
def test_pushed_metrics_are_exposed_to_the_last_sample(metrics, patience):
    with serving([GATEWAY, "--persistence.file="], patience) as address:
        for path in metrics.iterdir():
            page(f"{address}/metrics/job/{path.stem}", patience, path.read_bytes())
        text = page(f"{address}/metrics", patience)
    text = re.sub(r'instance="",job="\w+",|,instance="",job="\w+"', "", text)
    assert samples(text) == written(metrics)


@program("promtool")
def test_each_data_set_has_its_alert(metrics, patience, tmp_path):
    rules = [{"alert": name, "expr": text} for name, text in RULES.items()]
    # YAML takes JSON as it is.
    (tmp_path / "rules.yml").write_text(
        json.dumps({"groups": [{"name": "kldiv", "rules": rules}]})
    )
    lines = re.findall(r"^(kldiv_\S+) (\S+)$", "".join(
        path.read_text() for path in metrics.iterdir()), re.MULTILINE)  # fmt: skip
    series = [{"series": name, "values": f"{value}x2"} for name, value in lines
              if "Inf" not in value]  # fmt: skip
    drifted = {"column": "side", "dataset": "users/reference", "reference": "reference",
               "verdict": "drift"}  # fmt: skip
    alerts = {"Drift": drifted, "NoAnswer": {"dataset": "shop/reference"}}
    test = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [
            {"eval_time": "1m", "alertname": name, "exp_alerts": [{"exp_labels": labels}]}
            for name, labels in alerts.items()
        ],
    }
    (tmp_path / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [test]}))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True,
        timeout=patience, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(series) > 20
