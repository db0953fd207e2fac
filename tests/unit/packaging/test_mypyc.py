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
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.judgement import habits
from models.judgement.content_readings import ContentReadings
from models.judgement.judged_content import JudgedContent
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES, SESSION_HABITS, SESSION_LEVELS
from models.judgement.site_card import SiteView, shipped_card
from models.judgement.site_statistics import SiteStatistics
from models.recent_clicks import Click, append_click
from models.session_clock import SessionClock
from models.state_records import FastLaneState
from models.state_texts import clock_text, decisions_text, read_clock, read_decisions
from udfs.crossing_rows import ContentWindow, SessionWindow
from udfs.keyed_state import StateField
random, judged, results = Random(7), JudgedSession(), []
card = shipped_card()
site = SiteStatistics(SESSION_HABITS, card, len(SESSION_LEVELS))
view = SiteView(card, card.level, card.level)
for n in range(400):
    end_ms = 1_700_000_040_000 + 10_000 * n
    first, last = end_ms - 9_000, end_ms - 1_000
    numbers = [float(each) for each in (end_ms, first, first, first, last, last, "nan", last * 10_001.0 + 5.0, 6.0, 0.0)]
    numbers += [random.gauss(50.0, 9.0) if random.random() < 0.9 else float("nan") for _ in SESSION_NAMES]
    numbers += [float(random.randrange(90)) for _ in HABIT_NAMES] + [0.0] * len(HABIT_NAMES)
    window = SessionWindow.from_crossing(numbers, ["s", None, "c", "news", None, "phone", f"{first}=news"])
    judged.on_window(window, view, site, "s")
    scored = zip(HABIT_NAMES, window.wholes)
    results.append([judged.z(name, 0.0, whole, view) for name, whole in scored] + judged.judgement.habits.up)
    judged = JudgedSession.from_text(judged.to_text()) if n % 50 == 0 else judged
kept = JudgedContent()
for n in range(400):
    row = [random.gauss(50.0, 9.0) if random.random() < 0.9 else float("nan") for _ in CONTENT_NAMES]
    row = [0.0 if value != value and name in ("engaged_ms", "clicks") else value for name, value in zip(CONTENT_NAMES, row)]
    left = random.randrange(8)
    rapid = random.randrange(left + 1)
    kept.on_window(ContentWindow(60_000 + n * 10_000, n * 10_000, left, rapid, 9 * left, (n % 30,) * (rapid > 0), "c", None, row))
    readings = ContentReadings(kept, row)
    for name in CONTENT_NAMES:
        answers = [ask(name, "self") for ask in (readings.baseline, readings.change, readings.z)]
        results.append([repr(each) for each in (*answers, readings.nats(name, "up"), readings.nats(name, "down"))])
fast, decided = StateField.json("a-v1", FastLaneState), StateField("b-v1", decisions_text, read_decisions)
held = fast.encode(FastLaneState(["e1"], [Click(1, "c", "news", True)], 5))
back = fast.decode(held)
results.append([held, [list(each) for each in append_click(back.clicks, Click(2, "d", "news", False))]])
held = decided.encode(decided.decode('[{"prompt":5},{"a":2},7]'))
results.append([held, decided.encode(decided.decode(held))])
clock = SessionClock(5, 6, 7, 8, 0, 9, "phone")
results.append([clock_text(clock), clock_text(read_clock(clock_text(clock)))])
print(json.dumps({"where": habits.__file__, "results": results, "text": judged.to_text() + kept.to_text()}))
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
    for name in ("models/judgement/habits.py", "models/rules/evaluation.py", "udfs/lanes/sessions.py"):
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
