"""A report as a versioned JSON document; its schema is in ``schemas``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.renderers.show import document

if TYPE_CHECKING:
    from kldiv_cli.renderers import Layout, Rendered


def render(report: Rendered, layout: Layout) -> str:
    """Return the document of a report; the layout makes no difference."""
    return document(report.to_dict())
