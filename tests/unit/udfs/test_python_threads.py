"""Imports in a Python thread after the archive, that the packages were imported from, has gone."""

import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from shutil import rmtree

import pytest

from udfs.runtime.python_threads import import_in_python_thread, run_in_python_thread


def archive(folder: Path) -> Path:
    for package in ("shelf", "shelf/upper"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("")
    for module in ("shelf/lower.py", "shelf/upper/left.py", "shelf/upper/right.py"):
        (folder / module).write_text("def told() -> int:\n    return 7\n")
    return folder


@pytest.mark.parametrize("module", ["shelf.lower", "shelf.upper.right"])
def test_a_module_is_found_in_the_archive_of_a_later_attempt(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = archive(tmp_path / "first"), archive(tmp_path / "second")
    monkeypatch.setattr(sys, "path", [*sys.path, str(first)])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    import_module("shelf.upper.left")
    rmtree(first)
    sys.path.append(str(second))
    invalidate_caches()
    import_in_python_thread(module)
    assert Path(str(sys.modules[module].__file__)).is_relative_to(second)
    assert run_in_python_thread(module, "told") == 7


def test_a_module_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"models\.isolation_forest\.nothing"):
        import_in_python_thread("models.isolation_forest.nothing")
