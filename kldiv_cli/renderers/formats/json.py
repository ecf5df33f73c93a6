"""A report as a versioned JSON document; its schema is in ``schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.show import document

if TYPE_CHECKING:
    from kldiv_cli.core.findings import Check
    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout


def render(report: Report | Check, layout: Layout) -> str:
    """Return the document of a comparison or a check; the layout makes no difference."""
    return document(report.to_dict())
