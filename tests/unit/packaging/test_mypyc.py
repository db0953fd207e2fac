"""The compiled modules of the archive: there, importable, and of one mind with the sources to the last bit."""

import json
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from infra.packaging.archive import compiled_modules, sources, write_archive
from infra.packaging.mypyc import EXCLUDED, CompilationError, compile_modules, defines_struct, modules

SCRIPT = """
import json, sys
from random import Random
from models.detectors import baselines, categories, peers
from models.features import SESSION_LAYOUT
from models.recent_clicks import Click, append_click
from models.state_records import DecisionState, FastLaneState
from udfs.keyed_state import StateField
size = len(SESSION_LAYOUT.names)
random, kept = Random(7), baselines.Baselines(size)
times, results = categories.CategoryBaselines(), []
for n in range(200):
    row = [random.gauss(50.0, 9.0) if random.random() < 0.9 else float("nan") for _ in range(size)]
    results.append(kept.score_and_update(row, learn=n % 7 != 0))
    results.append(peers.z_scores(row, [50.0] * size, [9.0] * size, 100.0))
    rise = times.score_and_update({"news": n * 37 % 9000, "video": n * 11 % 5000}, n * 10_000)
    results.append(None if rise is None else [rise.category, rise.z])
results.append([kept.cusum_alarm(i) for i in range(size)])
fast, decided = (StateField.json("a-v1", kind) for kind in (FastLaneState, DecisionState))
held = fast.encode(FastLaneState(["e1"], [Click(1, "c", "news", True)], 5))
back = fast.decode(held)
results.append([held, [list(each) for each in append_click(back.clicks, Click(2, "d", "news", False))]])
results.append(decided.encode(decided.decode('[{"prompt":5},{"a":2},7]')))
print(json.dumps({"where": baselines.__file__, "results": results, "text": kept.to_text(SESSION_LAYOUT)}))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("no C compiler: the archive holds sources only")
    return write_archive(tmp_path_factory.mktemp("archive") / "microadjust.zip")


def answers(folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def python_sources() -> list[Path]:
    return [path for _, path in sources() if path.suffix == ".py"]


def test_every_module_that_is_not_excluded_is_compiled_into_the_archive(archive: Path) -> None:
    found = {name.partition(".")[0] + ".py" for name in compiled_modules(archive)}
    # mypyc adds one module of its own, with a name of hexadecimal digits, that holds what the others share.
    assert {name for name in found if "/" in name} == set(modules(python_sources()))


def test_what_looks_at_every_row_is_not_excluded() -> None:
    chosen = modules(python_sources())
    for name in ("models/detectors/baselines.py", "models/rules/evaluation.py", "udfs/lanes/sessions.py"):
        assert name in chosen


@pytest.mark.parametrize("pattern", EXCLUDED)
def test_each_exclusion_excludes_something(pattern: str) -> None:
    assert any(fnmatch(str(path.relative_to(PROJECT)), pattern) for path in python_sources())


def test_compiled_and_plain_modules_give_the_same_bits(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    compiled, plain = answers(tmp_path), answers(PROJECT)
    assert str(compiled.pop("where")).endswith(".so")
    assert str(plain.pop("where")).endswith(".py")
    assert compiled == plain


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("class A(Struct): ...", True),
        ("class A(msgspec.Struct, array_like=True): ...", True),
        ("def f():\n    class A(Struct): ...", True),
        ("class A(Structured): ...", False),
        ("Struct = None", False),
    ],
)
def test_a_module_with_a_struct_is_found(source: str, is_one: bool) -> None:
    assert defines_struct(source) is is_one


def test_without_a_compiler_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(CompilationError, match="no C compiler /nowhere/cc"):
        compile_modules(python_sources(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_mypyc_refuses_is_an_error_with_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("false") is None:
        pytest.skip("there is no program `false`")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(CompilationError):
        compile_modules(python_sources(), tmp_path)
    assert [path for path in tmp_path.rglob("*.so")] == []
