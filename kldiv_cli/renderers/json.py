"""The versioned JSON document; its schema is ``schemas/compare-1.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.show import document

if TYPE_CHECKING:
    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout


def render(report: Report, layout: Layout) -> str:
    """Return the document."""
    return document(report.to_dict())
