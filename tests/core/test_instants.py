"""Dates and timestamps: equal instants are spelt alike, and what is no ISO date is none."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kldiv_cli.core.instants import has_zone, instant, instants

MIDNIGHT = [
    "2024-01-05", "2024-01-05 00:00", "2024-01-05 00:00:00", "2024-01-05T00:00:00.000000",
    "2024-01-05 00:00:00.000000000", "2024-01-05T00:00:00", "2024-01-05t00:00:00", " 2024-01-05 ",
]  # fmt: skip
NOON_UTC = [
    "2024-01-05T12:00:00Z", "2024-01-05 12:00:00+00:00", "2024-01-05 12:00:00+00",
    "2024-01-05T12:00:00.000000+0000", "2024-01-05 12:00:00 UTC", "2024-01-05T14:00:00+02:00",
    "2024-01-05 06:30:00-05:30", "2024-01-05T12:00z", "2024-01-06T00:00:00+12:00",
]  # fmt: skip
NO_DATES = [
    "2024", "20240105", "12:30", "2024-13-45", "01/02/2024", "2024-02-30", "2024-1-5", "2024-01",
    "2024-01-05T25:00", "2024-01-05 12", "2024-01-05T12:00:00+25:00", "2024-W01-5", "2024-005",
    "0000-01-01", "2024-01-05 12:00:00 CET", "2024-01-05x", "v2024-01-05", "", "2024-01-05+00:00",
    "٢٠٢٤-٠١-٠٥", "2024-01-05T12:00:61", "0001-01-01T00:00+10:00",
]  # fmt: skip


def test_midnight_has_one_spelling():
    assert {instant(text) for text in MIDNIGHT} == {"2024-01-05"}


def test_a_zone_is_converted_and_never_lost():
    assert {instant(text) for text in NOON_UTC} == {"2024-01-05T12:00:00Z"}
    assert instant("2024-01-05 12:00:00") == "2024-01-05T12:00:00"
    assert instant("2024-01-05T00:00:00Z") == "2024-01-05T00:00:00Z"
    assert has_zone("2024-01-05T00:00:00Z")
    assert not has_zone("2024-01-05")


def test_fractions_of_a_second():
    assert instant("2024-01-05 00:00:00.5") == instant("2024-01-05T00:00:00,500000")
    assert instant("2024-01-05 00:00:00.000000001") == "2024-01-05T00:00:00.000000001"


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date(text):
    assert instant(text) is None
    assert instants(["2024-01-05", text]) is None


@given(st.datetimes(min_value=dt.datetime(2, 1, 1), max_value=dt.datetime(9998, 1, 1)),
       st.integers(-23 * 60, 23 * 60))  # fmt: skip
def test_instants_are_equal_where_python_says_so(time, minutes):
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    local = time.replace(tzinfo=dt.UTC).astimezone(zone)
    spelt = {local.isoformat(), str(local), time.isoformat() + "Z", f"{time} UTC"}
    (spelling,) = {instant(text) for text in spelt}
    assert dt.datetime.fromisoformat(spelling) == local
    plain = instant(str(time))
    assert plain == instant(time.isoformat())
    assert plain != spelling
    assert dt.datetime.fromisoformat(plain) == time
    # The one spelling is its own.
    assert (instant(plain), instant(spelling)) == (plain, spelling)
