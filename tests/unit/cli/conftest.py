"""A store of models for the tests of the `models` commands."""

from pathlib import Path

import pytest

from infra.simulate.preferences import JUDGING
from tests.support.model_commands import RENAMED, run, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose first version is in force, its CSV file beside it."""
    made = tmp_path_factory.mktemp("models")
    source = write(made / "wishes.csv", JUDGING, 21)
    trained = run("train", "length", "--csv", source, *RENAMED, "--store", made / "store", "--json")
    assert trained.exit_code == 0, trained.output
    promoted = run("promote", "length", 1, "--no-announce", "--store", made / "store")
    assert promoted.exit_code == 0, promoted.output
    return made
