"""``kldiv matrix``: how far apart several distributions are, pair by pair."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kldiv_cli.cli import options
from kldiv_cli.cli.options import Argument, Option, group
from kldiv_cli.cli.outputs import Outputs
from kldiv_cli.renderers import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kldiv_cli.core.matrix import Matrix
    from kldiv_cli.core.report import Failure

CODES = "Exit codes: 0 answered, 2 no answer."
EXAMPLES = (
    "cd sample_data",
    "kldiv matrix die_fair.csv die_loaded.csv",
    "kldiv matrix de=letters_german.json en=letters_english.json --base 2",
    "kldiv matrix die_*.csv --measure js_distance --measure tv -f csv",
)


# fmt: off
ROWS: tuple[Argument | Option, ...] = (
    Argument("files", "FILE...", "Two files or more; NAME=FILE, or - for stdin."),
    *group(
        "Measures",
        Option("measures", "NAME...", "A measure, as 'kldiv measures' lists them; repeatable."
               " kl_pq if not given.", ("--measure", "-m")),
        options.BASE,
        options.SMOOTHING._replace(help="none, jeffreys, laplace or add:ALPHA (counts), or"
                                   " floor:EPS; of each pair over the outcomes of these two."),
        options.TEMPERATURE,
    ),
    *group(
        "What the numbers are",
        options.KIND._replace(help="What the numbers are: probabilities, counts, weights, logits"
                              " or log-probs; chosen from the numbers if not given."),
        options.LABEL,
        options.WEIGHT._replace(help="Column of the weights, member of a JSON object, or array of"
                                " an .npz or .safetensors file."),
        options.AT._replace(help="Of JSON, the value at a pointer, such as /choices/0/logprobs."),
        options.JOINT,
        options.WHERE._replace(help="Read only rows with this value in a column."),
        options.NA,
    ),
    *group("Reports", *options.REPORTS, options.QUIET, options.COLOR, options.VERBOSE),
    *group(
        "How files are read",
        options.STRICT, *options.TEXT, options.TOTAL_ROW, options.DUPLICATES, options.FLATTEN,
        options.MAX_INFLATED, *options.ARRAYS, *options.ENGINE,
    ),
)
# fmt: on


def failed(_: Sequence[str], said: Mapping[str, Any], failure: Failure) -> Matrix:
    """Return the report of an error, with those options that have right values."""
    from kldiv_cli.core.matrix import failed
    from kldiv_cli.core.smoothing import Smoothing
    from kldiv_cli.pipeline.settings import MATRIX, MatrixSettings, right_options

    right = right_options(MATRIX, said)
    return failed(
        failure,
        # Whoever asked for a measure that there is not waits for its name as well.
        said.get("measures", MatrixSettings._field_defaults["measures"]),
        right.get("base", "e"),
        right.get("smoothing", Smoothing()).name,
        right.get("temperature", 1.0),
    )


@options.command(*ROWS, examples=EXAMPLES, exit_codes=CODES, formats=FORMATS, failed=failed)
def matrix(files: list[str], said: dict[str, Any]) -> int:
    """Compare every pair of several distributions: P is in the rows, Q in the columns.

    Each cell is what 'kldiv compare' says of that pair. FILEs are tables of outcomes and weights
    (csv, tsv), JSON, or NPY arrays, each of which is read once. A FILE may be called what you
    like: jan=data.csv. Options that say how to read are for all FILEs.

    Under the matrix stands the Jensen-Shannon divergence of all FILEs together: what one draw
    tells, on average, about which of them it came from.
    """
    from kldiv_cli.pipeline.matrix import measured
    from kldiv_cli.pipeline.settings import matrix_settings
    from kldiv_cli.renderers import pieces

    outputs = Outputs(said, FORMATS)
    names, paths = options.sources(*files)
    settings = matrix_settings(paths, {**said, "names": names}, matrix.spell)
    with outputs:
        outputs.open(paths)
        report = measured(settings)
        outputs.write(partial(pieces, report), report.notes, bare=partial(bare, report))
    return 0


def bare(report: Matrix) -> str:
    """Return the numbers alone: a line for each P, its columns separated by tabs.

    Of several measures, a line begins with the name of its measure.
    """
    from kldiv_cli.core.report import number

    lines = []
    for name, rows in report.measures.items():
        head = [name] if len(report.measures) > 1 else []
        for row in rows:
            cells = [str(number(value)) for value in row if value != "error"]
            lines.append("\t".join([*head, *cells]) + "\n")
    return "".join(lines)
