"""Reports of checks: real ones of small data, one by hand, and one full of hostile names."""

from dataclasses import replace

import numpy as np
import pytest

from kldiv_cli import check
from kldiv_cli.core.dataset import Excluded
from kldiv_cli.core.findings import Check, Finding, Findings, Reason, failed
from kldiv_cli.core.report import Contribution, Failure, Side
from kldiv_cli.errors import Note

LONG = "very long " * 60
HOSTILE = [
    "::error::x",
    "a ::set-output name=a::b",
    "##vso[task.setvariable]x",
    "\x1b[31mred\x1b[0m",
    "two\nlines\r::warning::x",
    "two\\nlines\\r::warning::x",
    "=cmd()|' /C calc'!A0",
    "a|b||c",
    "<script>alert(1)</script>",
    "]]>&amp;<!--",
    "\udcff.csv",
    "\u202egnp.exe\u2066",
    "\x00\x0b\ufffe\uffff",
    'quote" and back\\slash',
    "![x](http://y)",
    "a, b: 100 %0A",
    "x" * 90 + "::error::" + "::" * 90,
    "日本語" * 60,
    LONG,
    " ",
    "",
]


def mixed():
    """Drift with a new outcome, pass, inconclusive; columns gone, changed, left out and new."""
    n = 600
    reference = {
        "city": ["Paris"] * (n // 2) + ["Rome"] * (n // 2),
        "amount": [i % 97 / 7 for i in range(n)],
        "plan": ["a"] * 400 + ["b"] * 200,
        "gone": ["x", "y"] * (n // 2),
        "size": [i / 7 for i in range(n)],
        "id": [f"u{i}" for i in range(n)],
    }
    current = {
        "city": ["Paris"] * 90 + ["Oslo"] * 10 + ["Rome"] * 500,
        "amount": [i % 97 / 7 for i in range(n - 60)] + [None] * 60,
        "plan": ["a"] * 295 + ["b"] * 305,
        "size": ["big", "small"] * (n // 2),
        "extra": ["z"] * n,
    }
    return check(reference, current, names=("jan", "jul"), max_kl=0.1)


def passing():
    data = {"city": ["Paris", "Rome", "Oslo"] * 400}
    return check(data, data, names=("jan", "feb"))


def exact():
    shares = {"a": 0.5, "b": 0.5, "c": 0.0}
    return check(shares, {"a": 0.25, "b": 0.5, "c": 0.25}, kind="probabilities")


def one_sample():
    return check({"a": 0.5, "b": 0.5}, {"a": 500, "b": 520}, kind=("probabilities", "counts"))


def model():
    base = np.array([[0.0, 1.0, 2.0]] * 20 + [[0.5, 0.0, 0.0]] * 40)
    current = base + np.arange(60)[:, None] * [0.002, 0.0, -0.001]
    return check(base, current, kind="logits", max_kl=0.002, names=("base", "q4"))


def model_gone_wrong():
    base, current = np.zeros((40, 3)), np.zeros((40, 3))
    current[17, 1] = -np.inf
    return check(base, current, kind="logits", names=("base", "q4"))


def no_answer():
    failure = Failure("negative-weight", "weight is negative\n::error::", "p.csv:2:1", "mend it")
    return failed(
        failure, alpha=0.05, adjust="bh", seed=7, measure="kl", threshold=0.05, dataset="orders"
    )


def by_hand():
    side = Side("jul", "jul.csv", "csv", "samples", 5, 1000, 1000, 1000, 20)
    finding = Finding(
        column="city", type="categorical", verdict="drift",
        reason=Reason("above-threshold", "KL 0.2 is above 0.05; Rome went from 50 % to 83.3 %"),
        threshold=0.05, kl=0.2, kl_unclamped=0.2, value=0.2, low=0.15, high=0.25, p_value=0.0,
        p_drift=1e-9, p_drift_adjusted=2e-9, p_pass=1.0, reliable=True,
        n_reference=2000, n_current=1000,
        missing_reference=0.0, missing_current=0.02, new_outcomes=("Oslo",), new_share=0.01,
        outcomes=3,
        contributions=(
            Contribution("Oslo", 0.01, 0.0, float("inf"), 0.0, float("inf")),
            Contribution("Rome", 0.833, 0.5, 0.425, -0.255, 0.092),
        ),
        measures={"kl_pq": float("inf"), "kl_qp": 0.25, "tv": 0.333},
    )  # fmt: skip
    amount = finding._replace(
        column="amount", type="numeric", verdict="pass", kl=0.0, value=0.0,
        kl_unclamped=-0.0001234, low=0.0, high=0.0123456,
        reason=Reason("below-threshold", "KL 0, at most 0.0123, is within 0.05 at this binning"),
        missing_current=0.0, new_outcomes=(), new_share=0.0, contributions=(), p_drift=1.0,
    )  # fmt: skip
    plan = amount._replace(
        column="a_column_with_a_name_that_leaves_no_room", verdict="inconclusive", kl=0.05,
        value=0.05, high=float("inf"), rows_needed=1234567,
        reason=Reason("too-close", "KL 0.05 is too close to 0.05; 1,234,567 rows would decide"),
    )  # fmt: skip
    gone = Finding(
        "gone", "error", "drift", Reason("column-missing", "there is no such column"), 0.05,
        n_reference=2000, n_current=0,
    )  # fmt: skip
    return Check(
        base="e", unit="nats",
        reference=side._replace(name="jan", source="jan.csv", total=2000, missing=0),
        current=side, direction="current || reference", dataset="orders", verdict="drift",
        alpha=0.1, adjust="bh", seed=7, columns=Findings([amount, plan, finding, gone]),
        excluded=(Excluded("id", "looks like a key"),),
        notes=(Note("new-column", "column 'extra' is not in the reference", "jul.csv"),),
    )  # fmt: skip


def labelled(report, *texts):
    """Return a report in which every name that comes from data is one of the texts."""
    first, last = texts[0], texts[-1]
    columns = [
        finding._replace(
            column=text,
            reason=finding.reason._replace(text=f"KL 1; {text} went up"),
            new_outcomes=(text,) * 4,
            contributions=tuple(part._replace(outcome=text) for part in finding.contributions),
        )
        for text in texts
        for finding in report.columns
    ]
    return replace(
        report,
        reference=report.reference._replace(name=first, source=last),
        current=report.current._replace(name=last, source=first),
        dataset=first if first.strip() else "orders",
        columns=Findings(columns),
        excluded=tuple(Excluded(text, text) for text in texts),
        notes=tuple(Note("new-column", text, text) for text in texts),
    )


MAKERS = (mixed, passing, exact, one_sample, model, model_gone_wrong, no_answer, by_hand)
REPORTS = {made.__name__: made for made in MAKERS}
ANSWERS = [name for name in REPORTS if name != "no_answer"]


@pytest.fixture(scope="session")
def reports():
    """Every report by its name, and the hostile one."""
    made = {name: make() for name, make in REPORTS.items()}
    return made | {"hostile": labelled(made["by_hand"], *HOSTILE)}


@pytest.fixture(params=[*REPORTS, "hostile"])
def report(request, reports):
    return reports[request.param]


@pytest.fixture(params=[*ANSWERS, "hostile"])
def answer(request, reports):
    return reports[request.param]


@pytest.fixture
def hostile(reports):
    return reports["hostile"]


@pytest.fixture(scope="session")
def with_labels(reports):
    """Return the report by hand with other names: with_labels("a", "b")."""
    return lambda *texts: labelled(reports["by_hand"], *texts)
