"""What an engine of the user's own is asked for, in its SQL, and what it answers.

Its expressions are made by Ibis; around them stand words that are here. Whatever a user or a table
says, names and values, is an identifier or a literal that Ibis has quoted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kldiv_cli.core.grouped import Weighing
from kldiv_cli.core.numbers import EXACT
from kldiv_cli.engines.sql import set_number
from kldiv_cli.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kldiv_cli.warehouse.relation import Field, Relation
    from kldiv_cli.warehouse.session import Session

    Doubles = NDArray[np.float64]
    Sums = tuple[NDArray[np.int64], Doubles | None, Doubles | None]

MISSING, BELOW, ABOVE, INEXACT = -1, -2, -3, -4
"""In place of a bucket: no number, an infinite one, or an integer that no double tells apart."""


class Question(NamedTuple):
    """What is asked of a column: how often each value occurs, or each bucket of its numbers.

    Attributes
    ----------
    field : Field
        The column.
    cuts : tuple of float
        The edges of the buckets, if there are any.
    most : int, or None
        Distinct values, of which no more are taken over; all are if None.
    """

    field: Field
    cuts: tuple[float, ...] = ()
    most: int | None = None


class Excess(NamedTuple):
    """What is told of a column that has too many distinct values; a missing one is none.

    The least and the greatest are those of texts.
    """

    distinct: int
    rows: int
    missing: int
    least: str | None
    greatest: str | None


class Answer:
    """The values of a column, each with its count; or what is told of them, if they are too many.

    Attributes
    ----------
    values : list of (values, counts)
        Values as a list, or as an array of Arrow, some at a time.
    excess : Excess, or None
        What is told of too many.
    """

    def __init__(self) -> None:
        self.values: list[tuple[Any, NDArray[np.int64]]] = []
        self.excess: Excess | None = None


def asked(relation: Relation, questions: Sequence[Question]) -> tuple[int, list[Answer]]:
    """Return the number of rows, and the answer to each question, which one scan gives.

    Parameters
    ----------
    relation : Relation
        The rows.
    questions : sequence of Question
        Not too many: each is a grouping set.

    Raises
    ------
    InputError
        If the engine fails, is gone, or does not answer in time.
    """
    answers = [Answer() for _ in questions]
    rows = 0
    sql, places = _sql(relation, questions)
    for piece in relation.session.pieces(sql):
        sets, counts = (np.array(plain(piece[at]), dtype=np.int64) for at in (0, 1))
        distinct, total, *ends = map(plain, piece[2:6])
        for number in np.unique(sets).tolist():
            chosen = np.flatnonzero(sets == number)
            if number == 0:
                rows += int(counts[chosen].sum())
                continue
            answer, values = answers[number - 1], _taken(piece[places[number - 1]], chosen)
            first = int(chosen[0])
            if distinct[first] is None:
                answer.values.append((values, counts[chosen]))
                continue
            # Of too many values there is one, and it is missing if any is.
            is_missing = plain(values)[0] is None
            missing = int(counts[first]) if is_missing else 0
            answer.excess = Excess(
                distinct[first] - is_missing,
                total[first] - missing,
                missing,
                ends[0][first],
                ends[1][first],
            )
    return rows, answers


def plain(values: Any) -> list[Any]:
    """Return values of a list, or of an array of Arrow, as a list."""
    found: list[Any] = values.to_pylist() if hasattr(values, "to_pylist") else values
    return found


def _taken(values: Any, places: NDArray[np.int64]) -> Any:
    """Return some of the values of a list or of an array."""
    if hasattr(values, "to_pylist"):
        return values.take(places.tolist())
    return [values[place] for place in places.tolist()]


def _sql(relation: Relation, questions: Sequence[Question]) -> tuple[str, list[int]]:
    """Return the SQL for some questions, and at which column of its rows the values of each are.

    A row has the number of its question from 1, the count, four numbers and texts on values that
    are too many, and the values of each type; the row of number 0 is of all rows.
    """
    session = relation.session
    keys = [f"k{i}" for i in range(len(questions))]
    types: dict[str, list[str]] = {}
    of_keys = []
    for key, question in zip(keys, questions, strict=True):
        type_, value = _value(key, question, session)
        types.setdefault(type_, []).append(value)
        of_keys.append(type_)
    names = {type_: f"v{i}" for i, type_ in enumerate(types)}
    values = [f"coalesce({', '.join([*types[t], 'null'])}) as {names[t]}" for t in types]
    sets = ", ".join(["()", *(f"({key})" for key in keys)])
    limited = {question.most for question in questions if question.most is not None}
    text = names.get("text")
    sql = f"""
        with counted as (
            select {set_number(keys)} as g, {_size(relation)} as n
                {"".join(f", {key}" for key in keys)}
            from {_rows(relation, dict(zip(keys, questions, strict=True)))}
            group by grouping sets ({sets})
        ), told as (
            select {", ".join(["g", "n", *values])} from counted
        )"""
    if not limited:
        sql += f"""
        select g, n, null as d, null as total, null as low, null as high
            {"".join(f", {name}" for name in names.values())} from told"""
        return sql, [6 + list(types).index(type_) for type_ in of_keys]
    numbers = [i for i, question in enumerate(questions, 1) if question.most is not None]
    is_some = " and ".join(f"{name} is null" for name in names.values())
    return (
        f"""{sql}, sized as (
            select told.*, count(*) over (partition by g) as d,
                cast(sum(n) over (partition by g) as bigint) as total,
                {f"min({text}) over (partition by g)" if text else "null"} as low,
                {f"max({text}) over (partition by g)" if text else "null"} as high,
                row_number() over (partition by g order by case when {is_some} then 0 else 1 end)
                    as place
            from told
        ), excess as (
            select sized.*, g in ({", ".join(map(str, numbers))}) and d > {max(limited)} as is_too
            from sized
        )
        select g, n, case when is_too then d end as d, case when is_too then total end as total,
            case when is_too then low end as low, case when is_too then high end as high
            {"".join(f", {name}" for name in names.values())}
        from excess where not is_too or place = 1""",
        [6 + list(types).index(type_) for type_ in of_keys],
    )


def _rows(relation: Relation, questions: Mapping[str, Question]) -> str:
    """Return the SQL for rows of what is grouped by, each by its key.

    They have a column ``times``, too: how many rows each of them stands for.
    """
    session = relation.session
    selected = {key: _key(question) for key, question in questions.items()}
    times = "1 as times"
    if relation.frequency is not None:
        selected["times"] = relation.frequency.expression
        times = "cast(times as bigint) as times"
    rows = relation.table.select(**selected) if selected else relation.table
    exact = [
        f"{session.exact(key)} as {key}" if question.field.kind == "text" else key
        for key, question in questions.items()
    ]
    keys = ", ".join([*exact, times])
    # A row that stands for none is none.
    some = "" if relation.frequency is None else " where times > 0"
    return f"(select {keys} from ({session.backend.compile(rows)}) as s{some}) as r"


def _size(relation: Relation) -> str:
    """Return the SQL for the number of rows in a group."""
    return "count(*)" if relation.frequency is None else "coalesce(cast(sum(times) as bigint), 0)"


def _value(key: str, question: Question, session: Session) -> tuple[str, str]:
    """Return the type of the values of a key in an answer, and the SQL for one."""
    kind = "integer" if question.cuts else question.field.kind
    if kind == "integer":
        return kind, f"cast({key} as bigint)"
    if kind == "floating":
        return kind, f"cast({key} as {session.double})"
    if kind in ("text", "decimal", "other"):
        return "text", f"cast({key} as {session.text})"
    if kind == "timestamp":
        return str(question.field.expression.type()), key
    return kind, key


def _key(question: Question) -> Any:
    """Return the expression of what is grouped by."""
    return bucket_of(question.field, question.cuts) if question.cuts else question.field.expression


def bucket_of(field: Field, cuts: Sequence[float]) -> Any:
    """Return the expression for the place of a number among cuts: of buckets closed above.

    What is no number is told first, since NaN is the largest number to some engines, and less than
    nothing to others.
    """
    import ibis

    number = field.expression
    double = number.cast("float64")

    def literal(value: float) -> Any:
        # Of its digits each engine makes the same double; of a decimal they do not.
        return ibis.literal(repr(value)).cast("float64")

    def among(low: int, high: int) -> Any:
        if low == high:
            return ibis.literal(low, "int32")
        middle = (low + high) // 2
        below, above = among(low, middle), among(middle + 1, high)
        return ibis.ifelse(double <= literal(cuts[middle]), below, above)

    found = among(0, len(cuts))
    cases = [(number.isnull(), MISSING)]
    if field.kind == "integer":
        cases.append(((number >= int(EXACT)) | (number <= -int(EXACT)), INEXACT))
    else:
        infinite = ibis.literal("Infinity").cast("float64")
        cases = [(double.isnan(), MISSING), *cases]
        cases += [(double == infinite, ABOVE), (double == -infinite, BELOW)]
    for condition, code in reversed(cases):
        found = ibis.ifelse(condition, ibis.literal(code, "int32"), found)
    return found


def pairs_of(
    relation: Relation, fields: Sequence[Field], most: int
) -> Iterator[tuple[list[Any], list[int]]]:
    """Yield the values of several columns that occur together, some at a time, and their counts.

    Parameters
    ----------
    relation : Relation
        The rows.
    fields : sequence of Field
        The columns.
    most : int
        Distinct ones, of which one more at most is told.
    """
    questions = {f"k{i}": Question(field) for i, field in enumerate(fields)}
    values = [_value(key, each, relation.session)[1] for key, each in questions.items()]
    sql = f"""
        select {", ".join(values)}, n from (
            select {", ".join(questions)}, {_size(relation)} as n
            from {_rows(relation, questions)} group by {", ".join(questions)} limit {most + 1}
        ) as counted
    """
    for *columns, repeats in relation.session.pieces(sql):
        yield columns, [int(number) for number in plain(repeats)]


def by_groups(
    relation: Relation, fields: Sequence[Field], by: Field | None, weight: Field | None
) -> Iterator[tuple[int, Any, Any, Sums]]:
    """Yield how often each value of some columns occurs with each of the column `by`.

    Parameters
    ----------
    relation : Relation
        The rows.
    fields : sequence of Field
        The columns.
    by : Field or None
        The column whose values are the groups; None where all rows are one.
    weight : Field or None
        The column of what rows weigh, of which those that weigh nothing are left out; None where
        each weighs the same.

    Yields
    ------
    number : int
        The place of a column in `fields`.
    values, groups : list, or array of Arrow
        Its values, some at a time, and those of `by` beside them.
    sums : (ndarray of int64, ndarray of float64 or None, ndarray of float64 or None)
        How many rows have both, and the sums of their weights and of the squares of these.
    """
    questions = {f"k{i}": Question(field) for i, field in enumerate(fields)}
    keys, session = list(questions), relation.session
    every, made_by, sums, some = dict(questions), "null", "", ""
    if by is not None:
        every["made_by"] = Question(by)
        made_by = _value("made_by", every["made_by"], session)[1]
    grouped_by = list(every)
    if weight is not None:
        every["weighs"] = Question(weight)
        weighs = f"cast(weighs as {session.double})"
        some = f"where {weighs} > 0"
        sums = f", sum(times * {weighs}) as w, sum(times * {weighs} * {weighs}) as w2"
    types: dict[str, list[str]] = {}
    for key, question in questions.items():
        type_, value = _value(key, question, session)
        types.setdefault(type_, []).append(value)
    values = [f"coalesce({', '.join([*each, 'null'])})" for each in types.values()]
    places = [3 + list(types).index(_value(k, q, session)[0]) for k, q in questions.items()]
    sets = ", ".join(f"({', '.join([key, *grouped_by[len(keys) :]])})" for key in keys)
    sql = f"""
        select g, n, {", ".join([made_by, *values])}{", w, w2" if sums else ""} from (
            select {set_number(keys)} as g, {_size(relation)} as n, {", ".join(grouped_by)}{sums}
            from {_rows(relation, every)} {some}
            group by grouping sets ({sets})
        ) as counted
    """
    for piece in session.pieces(sql):
        sets_of, n = (np.array(plain(piece[at]), dtype=np.int64) for at in (0, 1))
        w, w2 = (np.array(plain(each), np.float64) if sums else None for each in piece[-2:])
        for number in np.unique(sets_of).tolist():
            chosen = np.flatnonzero(sets_of == number)
            yield (
                number - 1,
                _taken(piece[places[number - 1]], chosen),
                _taken(piece[2], chosen),
                (n[chosen], None if w is None else w[chosen], None if w2 is None else w2[chosen]),
            )


def weighing_of(relation: Relation, weight: Field, most: float) -> tuple[Weighing, float | None]:
    """Return what all rows weigh together, and a weight that is none, if there is one.

    Parameters
    ----------
    relation : Relation
        The rows.
    weight : Field
        The column of what they weigh.
    most : float
        The largest weight, and the inverse of the smallest one but 0.

    Returns
    -------
    weighing : Weighing
        Of the rows that weigh anything.
    unsound : float or None
        One that is negative, too large or too small, or infinite; nan of one that is missing.
    """
    double = relation.session.double
    least, greatest = (f"cast({number!r} as {double})" for number in (1 / most, most))
    sums = ("case when x > 0 then times else 0 end", "times * x", "times * x * x")
    is_sound = f"(x = 0 or x >= {least} and x <= {greatest})"
    (*totals, heaviest), unsound = _looked_at(relation, weight, is_sound, sums)
    if unsound is not None:
        return Weighing(), unsound
    rows, total, squares = totals
    return Weighing(int(rows), total, squares, heaviest), None


def frequencies_of(relation: Relation, frequency: Field, most: int) -> tuple[float, float | None]:
    """Return how many rows the rows stand for, and a frequency that is none, if there is one.

    Parameters
    ----------
    relation : Relation
        The rows, each of which is one.
    frequency : Field
        The column of how many each stands for.
    most : int
        The least number that is too large.

    Returns
    -------
    rows : float
    unsound : float or None
        One that is negative, not whole, too large, or infinite; nan of one that is missing.
    """
    is_sound = f"(x >= 0 and x < {most} and floor(x) = x)"
    (rows, _), unsound = _looked_at(relation, frequency, is_sound, ["times * x"])
    return rows, unsound


def _looked_at(
    relation: Relation, field: Field, is_sound: str, sums: Sequence[str]
) -> tuple[list[float], float | None]:
    """Return some sums over numbers, and the greatest; and one that is not sound, if any is.

    Parameters
    ----------
    relation : Relation
        The rows.
    field : Field
        The column of the numbers.
    is_sound, sums : str, sequence of str
        SQL for whether a number x may be there, and for what is added up of those that may.

    Returns
    -------
    found : list of float
        The sums, and the greatest number; 0 of no rows.
    unsound : float or None
        A number that is not sound; nan of one that is missing.
    """
    double = relation.session.double
    # The square of what is not sound may be an error.
    totals = [f"sum(case when {is_sound} then {sql} end)" for sql in sums]
    sql = f"""
        select {", ".join(totals)}, max(case when {is_sound} then x end),
            sum(case when x is null then 1 else 0 end),
            min(case when not {is_sound} then x end)
        from (
            select times, cast(number as {double}) as x
            from {_rows(relation, {"number": Question(field)})}
        ) as numbers
    """
    ((*found, missing, unsound),) = (
        [plain(column)[0] for column in piece] for piece in relation.session.pieces(sql)
    )
    if unsound is None and missing:
        unsound = math.nan
    return [float(each or 0.0) for each in found], None if unsound is None else float(unsound)
