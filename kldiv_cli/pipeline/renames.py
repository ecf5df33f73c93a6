"""Columns of the current side that have other names in the reference: ``--map NEW=OLD``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kldiv_cli.core.dataset import unknown_column
from kldiv_cli.errors import InputError, Note, Place, abridged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kldiv_cli.core.dataset import DataSet, Wanted

    Renames = Mapping[str, str]
    """From a name of the current side to that of the reference."""


def in_its_words(wanted: Wanted, renames: Renames) -> Wanted:
    """Return which columns are wanted by the names that they have in the current side."""
    to_new = {old: new for new, old in renames.items()}

    def new(name: str) -> str:
        return to_new.get(name, name)

    def excluded(name: str) -> bool:
        return wanted.excluded(renames.get(name, name))

    columns = wanted.columns
    joint = tuple(map(new, wanted.joint))
    if columns is not None and joint != wanted.joint:
        from kldiv_cli.core.joint import joint_name

        columns = (columns - {joint_name(wanted.joint)}) | {joint_name(joint)}
    return wanted._replace(
        columns=None if columns is None else frozenset(map(new, columns)),
        numeric=frozenset(map(new, wanted.numeric)),
        categorical=frozenset(map(new, wanted.categorical)),
        named=frozenset(map(new, wanted.named)),
        excluded=excluded,
        dates=frozenset(map(new, wanted.dates)),
        edges={new(name): edges for name, edges in wanted.edges.items()},
        na_of={new(name): words for name, words in wanted.na_of.items()},
        joint=joint,
        grouping=wanted.grouping and wanted.grouping.renamed(new),
        frequency=None if wanted.frequency is None else new(wanted.frequency),
    )


def renamed(rows: DataSet, renames: Renames, joint: tuple[str, ...] = ()) -> DataSet:
    """Return a data set whose columns have the names of the reference, with a note.

    Parameters
    ----------
    rows : DataSet
        The current side, read by the names that its columns have there.
    renames : mapping of str to str
        From these to the names of the reference.
    joint : tuple of str
        Columns that were counted together, by their names in the reference.

    Raises
    ------
    InputError
        If there is no column of a new name, or one of an old name besides.
    """
    seen = rows.seen if rows.chosen_by is None else (*rows.seen, rows.chosen_by)
    for new, old in renames.items():
        if new not in seen:
            raise unknown_column(new, seen, rows.source)
        if old in seen and old not in renames:
            message = f"there is a column '{old[:60]}' beside '{new[:60]}', which is taken for it"
            hint = "leave --map out, or drop one of the columns"
            raise InputError("columns-clash", message, Place(rows.source), hint=hint)
    names = dict(renames)
    if joint:
        from kldiv_cli.core.joint import joint_name

        to_new = {old: new for new, old in renames.items()}
        names[joint_name([to_new.get(name, name) for name in joint])] = joint_name(joint)

    def old_name(name: str) -> str:
        return names.get(name, name)

    said = abridged(f"'{new[:40]}' is taken for '{old[:40]}'" for new, old in renames.items())
    note = Note("renamed", f"of the columns {said}, as --map says", rows.source)
    return rows._replace(
        columns={old_name(name): one._replace(name=old_name(name))
                 for name, one in rows.columns.items()},
        excluded=tuple(one._replace(column=old_name(one.column)) for one in rows.excluded),
        seen=tuple(map(old_name, rows.seen)),
        chosen_by=None if rows.chosen_by is None else old_name(rows.chosen_by),
        notes=(*rows.notes, note),
    )  # fmt: skip


def check_old_names(reference: DataSet, renames: Renames) -> None:
    """Refuse an old name that the reference does not have.

    Raises
    ------
    InputError
        If there is one.
    """
    seen = (*reference.seen, reference.chosen_by)
    for old in renames.values():
        if old not in seen:
            raise unknown_column(old, reference.seen, reference.source)
