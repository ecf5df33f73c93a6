"""JUnit XML: the run is a suite, a column a case; drift fails it, inconclusive skips it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kldiv_cli.renderers import Layout
from kldiv_cli.renderers.check import called, distinct, explained, figures, side_names
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check

OUTCOMES = {"drift": "failure", "inconclusive": "skipped", "error": "error"}


def render(report: Check, layout: Layout) -> str:
    """Return the document, in ASCII: no encoding on its way can spoil it.

    The sides are the class of every case: some collectors drop a case that has class and name
    in common with another one, as those of two checks in one job would.
    """
    current, reference = map(show, side_names(report))
    title = f"D({current} || {reference})"
    counts = {
        "tests": str(len(report.columns)),
        "failures": str(report.count("drift")),
        "errors": str(report.count("error")),
    }
    root = ElementTree.Element("testsuites", {"name": "kldiv check", **counts})
    skipped = str(report.count("inconclusive"))
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": title, **counts, "skipped": skipped}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("verdict", "direction", "alpha", "adjust", "seed"):
        value = str(getattr(report, name))
        ElementTree.SubElement(properties, "property", name=name, value=value)
    names = distinct(map(called, report.columns))
    for name, finding in zip(names, report.columns, strict=True):
        case = ElementTree.SubElement(suite, "testcase", classname=title, name=name, time="0")
        if finding.verdict == "pass":
            continue
        words = explained(finding, Layout(unicode=True))
        kind, code = OUTCOMES[finding.verdict], finding.reason.code
        outcome = ElementTree.SubElement(case, kind, type=code, message=words)
        kl, interval, threshold = figures(finding)
        outcome.text = f"kl {kl} nats, {interval}, threshold {threshold}\n{words}"
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True).decode()
    # A document that cannot be read is shown as a green run by some.
    ElementTree.fromstring(text)
    return f"{text}\n"
