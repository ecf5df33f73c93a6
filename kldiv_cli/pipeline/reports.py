"""Reports that render themselves: the answers of the Python functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kldiv_cli.core import report

if TYPE_CHECKING:
    from kldiv_cli.renderers import Rendered


class Renderable:
    """A report that can be printed in every format of its command."""

    __slots__ = ()

    def to_json(self) -> str:
        """Return the JSON document as text."""
        return self.render("json")

    def render(self, format: str = "text", *, all_measures: bool = False) -> str:
        """Return the report as text, in one of the formats of ``kldiv --format``.

        That of a comparison also has ``rows``: CSV of the measures of each row, as ``--rows``
        writes it.

        Parameters
        ----------
        format : str
            Such as ``text`` or ``markdown``.
        all_measures : bool
            Whether to show every measure of a comparison where text would leave some out.

        Raises
        ------
        UsageError
            If there is no such format for this report.
        """
        from kldiv_cli.renderers import Layout, render

        layout = Layout(unfolded=all_measures)
        return render(cast("Rendered", self), format, layout)

    def __str__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        from kldiv_cli.renderers import fragment

        return fragment(cast("Rendered", self))

    def _repr_svg_(self) -> str:
        return self.render("svg")


class Report(Renderable, report.Report):
    """The answer of `compare`: its attributes are the keys of the JSON report."""

    __slots__ = ()
