"""The archive of the jobs where nothing can be compiled."""

import zipfile
from pathlib import Path

import pytest

from infra.packaging.archive import compiled_modules, sources, write_archive
from infra.packaging.mypyc import CompilationError


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")


def test_the_sources_stand_alone_and_a_warning_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = write_archive(tmp_path / "new" / "jobs.zip", cache=tmp_path / "cache")
    assert compiled_modules(archive) == []
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
    assert names == {name for name, _ in sources()}
    assert {"jobs/adjust.py", "models/shipped/rules.yaml", "models/shipped/forest.onnx"} <= names
    assert "plain Python" in (warning := capsys.readouterr().err)
    assert "/nowhere/cc" in warning


def test_an_archive_that_has_to_be_compiled_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CompilationError, match="/nowhere/cc"):
        write_archive(tmp_path / "jobs.zip", require_compiled=True, cache=tmp_path / "cache")
    assert not (tmp_path / "jobs.zip").exists()
