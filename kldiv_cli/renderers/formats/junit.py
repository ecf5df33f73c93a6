"""A check as JUnit XML: a column is a test case, which drift fails and inconclusive skips."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kldiv_cli.core.findings import only_warns
from kldiv_cli.renderers import Layout
from kldiv_cli.renderers.document import line
from kldiv_cli.renderers.formats.lines import LONGEST_COMMAND, plain
from kldiv_cli.renderers.pages.check import (
    column_name,
    error_words,
    explained,
    figures_of,
    judged_names,
    judged_symbol,
    method_of,
    numbered,
    unit_of,
)
from kldiv_cli.renderers.show import show

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check, Segment

OUTCOMES = {"drift": "failure", "inconclusive": "skipped", "error": "error"}


def render(report: Check, layout: Layout) -> str:
    """Return the document, in ASCII: no encoding on its way can spoil it.

    The run is a suite. The data set and the sides are the class of every case: of two cases with
    the same class and name, which two checks in one job would have, some collectors drop the
    second.
    """
    first, second = map(show, judged_names(report))
    head, between, end = judged_symbol(report)
    title = f"{head}{first}{between.replace('‖', '||')}{second}{end.partition(' in ')[0]}"
    counts = {
        "tests": str(len(report.columns) + len(report.segments)),
        "failures": str(report.count("drift") + report.count_segments("drift")),
        "errors": str(report.count("error")),
    }
    root = ElementTree.Element("testsuites", {"name": "kldiv check", **counts})
    skipped = report.count("inconclusive") + report.count_segments("inconclusive")
    attributes = {"name": title, **counts, "skipped": str(skipped)}
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("dataset", "verdict", "direction", "alpha", "adjust", "seed"):
        value = show(str(getattr(report, name)))
        ElementTree.SubElement(properties, "property", name=name, value=value)
    signs = Layout(unicode=True)
    group = f"{show(report.dataset)}: {title}"
    names = numbered(map(column_name, report.columns))
    for name, finding in zip(names, report.columns, strict=True):
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=name, time="0")
        words = plain(error_words(report) or explained(finding), signs)
        if finding.verdict == "pass":
            if only_warns(finding) or finding.threshold_source == "history":
                ElementTree.SubElement(case, "system-out").text = words
            continue
        kind, code = OUTCOMES[finding.verdict], finding.reason.code
        outcome = ElementTree.SubElement(case, kind, type=code, message=words)
        value, interval, threshold = figures_of(finding)
        said = f"{finding.measure} {value}{unit_of(finding)}, {interval}, threshold {threshold}"
        figures = plain(line(said), signs)
        further = [figures, words]
        if finding.p_value is not None:
            further.append(f"{finding.measure}: {method_of(report, finding.measure)}")
        if report.picture:
            further.append(f"picture: {show(report.picture, LONGEST_COMMAND)}")
        outcome.text = words if report.error else "\n".join(further)
    for segment in report.segments:
        _add_segment(suite, group, segment)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True).decode()
    # Some collectors show a document that they cannot read as a green run.
    ElementTree.fromstring(text)
    return f"{text}\n"


def _add_segment(suite: ElementTree.Element, group: str, segment: Segment) -> None:
    """Add the case of a column in a segment, which is called ``column [segment]``."""
    name = f"{show(segment.column)} [{show(segment.segment)}]"
    case = ElementTree.SubElement(suite, "testcase", classname=group, name=name, time="0")
    if segment.verdict != "pass":
        words, code = show(segment.reason.text, LONGEST_COMMAND), segment.reason.code
        kind = OUTCOMES[segment.verdict]
        ElementTree.SubElement(case, kind, type=code, message=words).text = words
