"""Whether rows of both sides can be judged as depending on each other, or as weighing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.errors import InputError, Note, Place, option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kldiv_cli.core.dataset import DataSet
    from kldiv_cli.pipeline.settings import Rules


def refuse_groups(rules: Rules, *sides: DataSet) -> None:
    """Refuse sides whose rows are in no groups although the user says that they are.

    Raises
    ------
    InputError
        If a side has counts and no rows, and is no profile that kept its blocks of rows, its rows
        have no order, a row has no cluster, or all or none have the same one.
    """
    grouping = rules.grouping
    if grouping is None or not rules.depends:
        return
    for side in sides:
        _refuse_without_groups(side, grouping.column)
    if grouping.column is None:
        return
    here = Place(sides[-1].source, name=grouping.column)
    sizes = [(len(side.groups.names), side.rows) for side in sides if side.groups is not None]
    hint = "leave --cluster out"
    name = f"column {grouping.column[:60]!r}"
    if any(groups < 2 for groups, _ in sizes):
        raise InputError("no-clusters", f"{name} has the same value in every row", here, hint=hint)
    if all(groups == rows for groups, rows in sizes):
        message = f"{name} has another value in every row, so that no rows belong together"
        raise InputError("no-clusters", message, here, hint=hint)


def _refuse_without_groups(side: DataSet, column: str | None) -> None:
    flag = "--serial" if column is None else "--cluster"
    here = Place(side.source, name=column)
    has_blocks = side.groups is not None and side.groups.grouping.kind == "block"
    if side.kind == "profile" and column is None and not has_blocks:
        message = "this profile has kept no blocks of rows that follow each other"
        hint = f"kldiv profile DATA {flag} -o FILE keeps them; leave {flag} out"
        raise InputError("is-a-profile", message, here, hint=hint)
    if side.kind != "samples" and not (column is None and has_blocks):
        message = "this has counts, and no rows that depend on each other"
        raise InputError("is-a-profile", message, here, hint=f"leave {flag} out")
    if side.groups is None:
        message = "rows in an engine, and those that stand for several, have no order"
        raise InputError("order-unknown", message, here, hint=f"leave {flag} out")
    if column is not None and None in side.groups.names:
        message = "a row has no cluster"
        raise InputError("missing-value", message, here, hint="give each row a value there")


def refuse_unweighed(rules: Rules, *sides: DataSet) -> None:
    """Refuse sides whose rows do not weigh although the user says that they do.

    Raises
    ------
    InputError
        If a side is a profile that has not kept these weights.
    """
    if rules.row_weight is None:
        return
    for side in sides:
        if side.groups is not None and side.groups.weighing is not None:
            continue
        here = Place(side.source, name=rules.row_weight)
        message = "this is a profile, which has not kept these weights of its rows"
        hint = f"kldiv profile DATA {option('--row-weight', rules.row_weight)} -o FILE does"
        raise InputError("is-a-profile", message, here, hint=hint)


def orders_noted(rules: Rules, *sides: DataSet) -> Iterator[Note]:
    """Yield a note on each side whose rows may depend on each other, since nobody looked."""
    if rules.grouping is not None and rules.grouping.kind == "segment":
        message = "rows were counted by segments: whether they depend on each other is unknown"
        yield Note("order-unknown", message, sides[-1].source, advice="leave --by out to see it")
        return
    if rules.grouping is None or rules.grouping.required:
        return
    for side in sides:
        if side.kind == "samples" and side.groups is None:
            message = "rows were counted in no order: whether they depend on each other is unknown"
            # Lines that were counted have lost it, and rows in an engine of the user's have none.
            has_order = side.engine == "DuckDB" or side.format in ("parquet", "arrow")
            advice = "--serial looks at it, and takes longer" if has_order else ""
            yield Note("order-unknown", message, side.source, advice=advice)
