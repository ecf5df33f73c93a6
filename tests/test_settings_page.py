"""docs/settings.md tells every setting of a file, what it is if not given, and no other."""

import re
import tomllib

import pytest

from kldiv_cli.core.findings import USUAL_LIMIT
from kldiv_cli.core.judging import Limits
from kldiv_cli.pipeline import config
from kldiv_cli.pipeline.settings import CheckSettings, ProfileSettings, Rules
from kldiv_cli.pipeline.validation import ColumnRules

ROW = re.compile(r"^\| `([a-z-]+(?:`, `[a-z-]+)*)` \|(?: *([^|]*?) *\|)(?: *([^|]*?) *\|)?", re.M)
DEFAULTS = {
    **CheckSettings._field_defaults,
    **ProfileSettings._field_defaults,
    **Rules._field_defaults,
    **Limits._field_defaults,
    "max_kl": USUAL_LIMIT,
    "fail_on": "drift",
    "map": {},
}


@pytest.fixture(scope="module")
def tables(root):
    """The rows of both tables, in lists of (setting, what it takes, what it is if not given)."""
    general, _, of_a_column = (
        (root / "docs" / "settings.md").read_text().partition("[columns.NAME]")
    )
    return [
        [(name, *rest) for names, *rest in ROW.findall(text) for name in names.split("`, `")]
        for text in (general, of_a_column)
    ]


def test_every_setting_has_a_row(tables):
    general, of_a_column = ([row[0] for row in rows] for rows in tables)
    assert sorted(general) == sorted(config.KEYS)
    assert sorted(of_a_column) == sorted(name.replace("_", "-") for name in ColumnRules._fields)


def test_the_usual_values_are_those_of_the_code(tables):
    for name, _, usual in tables[0]:
        default = DEFAULTS.get(config.KEYS[name])
        if usual.startswith("`"):
            (value,) = tomllib.loads(f"x = {usual.split('`')[1]}").values()
            assert value == (list(default) if isinstance(default, tuple) else default), name
        else:
            assert default in (None, ()), name


@pytest.mark.parametrize("place", [0, 1])
def test_the_words_that_a_setting_takes_are_taken(tables, place, tmp_path):
    for name, takes, _ in tables[place]:
        for word in re.findall(r"`([^`]*)`", takes):
            table = "" if place == 0 else "[columns.x]\n"
            (tmp_path / "kldiv.toml").write_text(f"{table}{name} = {word}\n")
            assert config.load(str(tmp_path / "kldiv.toml"))
