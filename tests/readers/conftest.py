"""Fixtures for the tests of the readers: write a file, then read it or see it refused."""

import pytest

from kldiv_cli.errors import InputError, UsageError
from kldiv_cli.readers import ReadOptions, read


@pytest.fixture
def given(tmp_path):
    """Read a file of these contents: given("x.csv", b"...", weight="n")."""

    def run(name, data, **options):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read(str(path), ReadOptions(**options))

    return run


@pytest.fixture
def refused(given):
    """Read a file that must be refused, and return the error."""

    def run(name, data, **options):
        with pytest.raises((InputError, UsageError)) as caught:
            given(name, data, **options)
        error = caught.value
        assert isinstance(error, UsageError) or error.places
        assert all(place.source.endswith(name) for place in error.places)
        assert len(error.message) < 400
        assert len(error.hint) < 400
        return error

    return run
