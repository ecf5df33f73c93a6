"""The versioned JSON document; its schema is ``schemas/compare-1.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kldiv_cli.core.report import Report
    from kldiv_cli.renderers import Layout


def render(report: Report, layout: Layout) -> str:
    """Return the document, in ASCII: no label can act on what displays it."""
    return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
