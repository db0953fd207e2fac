"""The compiled modules of the archive: there, importable, and of one mind with the sources to the last bit."""

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from infra.local.submit import compiled_modules, package
from infra.packaging.mypyc import MODULES, extensions

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
times, told = categories.CategoryBaselines(), []
for n in range(200):
    row = [random.gauss(50.0, 9.0) if random.random() < 0.9 else float("nan") for _ in range(size)]
    told.append(kept.score_and_update(row, learn=n % 7 != 0))
    told.append(peers.z_scores(row, [50.0] * size, [9.0] * size, 100.0))
    rise = times.score_and_update({"news": n * 37 % 9000, "video": n * 11 % 5000}, n * 10_000)
    told.append(None if rise is None else [rise.category, rise.z])
told.append([kept.cusum_alarm(i) for i in range(size)])
fast, decided = (StateField.json("a-v1", kind) for kind in (FastLaneState, DecisionState))
held = fast.encode(FastLaneState(["e1"], [Click(1, "c", "news", True)], 5))
back = fast.decode(held)
told.append([held, [list(each) for each in append_click(back.clicks, Click(2, "d", "news", False))]])
told.append(decided.encode(decided.decode('[{"prompt":5},{"a":2},7]')))
print(json.dumps({"where": baselines.__file__, "told": told, "text": kept.to_text(SESSION_LAYOUT)}))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("no C compiler: the archive holds sources only")
    return package(tmp_path_factory.mktemp("archive") / "microadjust.zip")


def answers(folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_every_listed_module_is_compiled_into_the_archive(archive: Path) -> None:
    names = compiled_modules(archive)
    for module in MODULES:
        assert any(name.startswith(module.removesuffix(".py") + ".") for name in names), module


def test_compiled_and_plain_modules_give_the_same_bits(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    compiled, plain = answers(tmp_path), answers(PROJECT)
    assert str(compiled.pop("where")).endswith(".so")
    assert str(plain.pop("where")).endswith(".py")
    assert compiled == plain


def test_no_struct_is_compiled() -> None:
    for module in MODULES:
        for node in ast.walk(ast.parse((PROJECT / module).read_text())):
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            assert not any(base.endswith("Struct") for base in bases), module


def test_where_nothing_can_be_compiled_the_sources_stand_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    sources = [path for name in ("models", "schemas", "udfs") for path in (PROJECT / name).rglob("*.py")]
    assert extensions(sources, tmp_path) == []
    assert "plain Python" in capsys.readouterr().err
