"""The pipeline of a matrix: read every side once, measure all pairs, and report."""

from __future__ import annotations

from itertools import combinations, repeat
from typing import TYPE_CHECKING, Any

from kldiv_cli import progress, readers
from kldiv_cli.core import matrix as report
from kldiv_cli.core.divergences import jensen_shannon
from kldiv_cli.core.labels import unmatched_among
from kldiv_cli.core.pair import places_of_all, spread
from kldiv_cli.core.pairwise import Asked, measure_pairs
from kldiv_cli.core.report import UNITS
from kldiv_cli.errors import InputError, Place
from kldiv_cli.pipeline import sides, validation
from kldiv_cli.pipeline.batch import executor
from kldiv_cli.pipeline.pairing import tell_all_apart
from kldiv_cli.pipeline.reports import Renderable
from kldiv_cli.pipeline.settings import (
    KINDS_OF_MATRIX,
    MatrixSettings,
    matrix_settings,
    refuse_duplicates,
    refuse_foreign,
)
from kldiv_cli.pipeline.settling import has_fixed_labels, settled_tables, tables_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from numpy.typing import NDArray

    from kldiv_cli.core.distribution import Distribution
    from kldiv_cli.core.pair import Pair
    from kldiv_cli.errors import Note
    from kldiv_cli.pipeline.settings import MatrixOptions, Source


class MatrixReport(Renderable, report.Matrix):
    """The answer of `matrix`: its attributes are the keys of the JSON report."""

    __slots__ = ()


def matrix(
    sources: Iterable[object] | Mapping[str, object], **options: Unpack[MatrixOptions]
) -> MatrixReport:
    """Compare every pair of several distributions.

    Parameters
    ----------
    sources : sequence of paths, arrays, mappings or data frames; or a mapping of names to these
        The distributions, two or more; what each may be is told in `compare`. Each is read once.
    **options
        The parameters below, by their names.
    measures : str or sequence of str, default "kl_pq"
        Names of measures, as ``kldiv measures`` lists them; P is in the rows and Q in the columns.
    base : {"e", "2", "10"}, default "e"
        Base of the logarithm: nats, bits or hartleys.
    smoothing : str, default "none"
        ``none``, ``jeffreys``, ``laplace``, ``add:ALPHA`` (counts) or ``floor:EPS``: of each pair
        over the outcomes of these two.
    temperature : float, default 1
        Divides logits.
    names : sequence of str, optional
        What to call the distributions.
    strict : bool, default False
        Refuse what would be repaired with a note.
    kind, label, weight, at, joint, na, where, flatten, duplicates, total_row
        What the numbers mean, and where they are: as in `compare`, once for all sources. `kind` is
        none of ``samples``.
    input_format, encoding, delimiter, decimal, thousands, skip_rows, header, comment, escape
        How files are read: as in `compare`, once for all sources.
    max_inflated, max_header, dtype, memory_limit, threads
        As in `compare`.

    Returns
    -------
    MatrixReport
        Its attributes are the keys of the JSON report: ``measures["kl_pq"][i][j]`` is
        D(P || Q) of the distributions i and j, to the bit as `compare` has it.

    Raises
    ------
    InputError
        If a source cannot be read or is not one distribution, or two have nothing in common.
    UsageError
        If one path or data frame stands in the place of several, an option has a wrong value, or
        cannot be used by this kind of input. Both are ValueErrors.
    TypeError
        If there is no option of a name.

    Examples
    --------
    >>> from kldiv_cli import matrix
    >>> report = matrix({"a": [1, 1], "b": [3, 1], "c": [1, 3]}, base=2)
    >>> [round(value, 4) for value in report.measures["kl_pq"][0]]
    [0.0, 0.2075, 0.2075]
    """
    from collections.abc import Mapping

    from kldiv_cli.pipeline.spelling import in_python

    with in_python(KINDS_OF_MATRIX):
        if isinstance(sources, Mapping):
            options.setdefault("names", tuple(sources))
            sources = sources.values()
        return measured(matrix_settings(validation.sources("sources", sources), options))


def measured(settings: MatrixSettings) -> MatrixReport:
    """Read all sides, measure every pair of them, and return the report.

    Raises
    ------
    InputError
        If a source cannot be read, sides have nothing in common, or a repair is refused.
    UsageError
        If an option does not fit the data.
    """
    every = _read(settings.sources)
    options = [source.options for source in settings.sources]
    sides.refuse_flat(options[0], *every)
    refuse_foreign(options, [side.format for side in every])
    if settings.strict:
        sides.refuse_repairs(note for side in every for note in side.notes)
    for p, q in combinations(every, 2):
        sides.refuse_for_kinds(p, q, settings.temperature, settings.smoothing)
    if every[0].outcomes is None:
        refuse_duplicates(options)

    def pair_of(i: int, j: int) -> Pair:
        return sides.match_outcomes(*settled_tables(every[i], every[j]))

    def told(done: int) -> None:
        progress.step("matrix", done, len(every) * (len(every) - 1) // 2, "pairs")

    asked = Asked(settings.measures, settings.smoothing, settings.base, settings.temperature)
    size = sum(side.weights.size for side in every) * len(every)
    with executor(size, options[0].threads) as pool:
        found = measure_pairs(every, asked, pair_of, _is_plain, told, pool)
    notes = (note for side in every for note in side.notes)
    return MatrixReport(
        base=settings.base,
        unit=UNITS[settings.base],
        smoothing=settings.smoothing.name,
        temperature=float(settings.temperature),
        sides=tuple(map(sides.describe_distribution, every)),
        measures={name: tuple(map(tuple, rows.tolist())) for name, rows in found.values.items()},
        error_bounds=found.bounds,
        all=report.Together(_together(every, settings)),
        notes=tuple(dict.fromkeys((*notes, *_remarks(every)))),
    )


def _read(sources: Sequence[Source]) -> list[Distribution]:
    """Read all sides, each of which is one distribution, and name them apart."""
    found = []
    for source in sources:
        side = readers.read(source.source, source.options, name=source.name)
        if side.weights.ndim > 1:
            message = "this is a batch of distributions, and a matrix compares single ones"
            hint = "kldiv compare compares batches row by row; --flatten makes one distribution"
            raise InputError("bad-shape", message, Place(side.source), hint=f"{hint} of the array")
        found.append(side)
    numbers = [str(place) for place in range(1, len(found) + 1)]
    told: list[Distribution] = tell_all_apart(found, [each.name for each in sources], numbers)
    return told


def _is_plain(side: Distribution) -> bool:
    """Return whether the outcomes of a side are known by position, or by labels as they are."""
    if side.outcomes is None:
        return True
    return side.intervals is None and side.missing_label is None and has_fixed_labels(side)


def _together(every: Sequence[Distribution], settings: MatrixSettings) -> float:
    """Return the Jensen-Shannon divergence of all sides, smoothed over the outcomes of all."""
    alike = tables_alike(every)
    places = places_of_all(alike)
    weights: list[NDArray[Any]] = [side.weights for side in alike]
    smoothed = settings.smoothing.name != "none"
    if smoothed:
        size = 1 + max(int(own.max()) for own in places)
        over_all = map(spread, alike, places, repeat(size))
        weights = [*map(settings.smoothing.apply, over_all)]
    return jensen_shannon(
        weights,
        places=None if smoothed else places,
        kinds=[side.kind for side in alike],
        base=settings.base,
        temperature=settings.temperature,
    )


def _remarks(every: Sequence[Distribution]) -> Iterator[Note]:
    """Yield what is noted of all sides together."""
    labels = [side.outcomes for side in every if side.outcomes and side.intervals is None]
    yield from unmatched_among(labels, "labels of the sides", source="")
