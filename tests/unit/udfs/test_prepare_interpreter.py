"""What an operator finds when it opens."""

import re
import subprocess
import sys

import pytest

from infra.local.home import PROJECT
from tests.support.flink_fakes import FakeFlink
from udfs import metrics
from udfs.event_commands import EventCommands
from udfs.forest_refit import ForestRefit
from udfs.runtime import OPERATORS
from udfs.session_state import SessionStates

OPENING = """
import sys
from tests.support.flink_fakes import FakeFlink
from udfs.session_state import SessionStates
assert "onnxruntime" not in sys.modules
SessionStates().open(FakeFlink())
print(*(name for name in sys.argv[1:] if name not in sys.modules))
"""

LOADING = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print("onnxruntime" in sys.modules)
"""


def output(script: str) -> str:
    """What `script` prints in an interpreter of its own, given the operators' modules and onnxruntime."""
    arguments = [sys.executable, "-c", script, *OPERATORS]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()


FREEZING = """
import gc
from tests.support.flink_fakes import FakeFlink
from udfs.session_state import SessionStates
SessionStates().open(FakeFlink())
alive = len(gc.get_objects())
print(gc.get_freeze_count() > 20 * alive, gc.isenabled())
"""


def test_what_is_loaded_is_searched_no_more_for_cycles() -> None:
    assert output(FREEZING) == "True True"


def test_the_first_operator_to_open_imports_all_of_them() -> None:
    assert output(OPENING) == ""


def test_every_operator_is_among_those_that_are_imported() -> None:
    """One that is not cannot be found where an earlier job has left its own packages in the interpreter."""
    graph = (PROJECT / "jobs" / "graph.py").read_text("utf-8") + (PROJECT / "jobs" / "heatmap.py").read_text("utf-8")
    named = {
        f"udfs.{path.stem}"
        for path in (PROJECT / "udfs").glob("*.py")
        for name in re.findall(
            r"^class (\w+)\(\w*(?:ProcessFunction|EvaluatingFunction)\)", path.read_text("utf-8"), re.M
        )
        if re.search(rf"\b{name}\(", graph)
    }
    assert len(named) > 5
    assert named == set(OPERATORS)


def test_loading_an_operator_does_not_load_onnxruntime() -> None:
    assert output(LOADING) == "False"


@pytest.mark.parametrize(
    "operator",
    [EventCommands((), 2_500), SessionStates(), ForestRefit(0, 0)],
    ids=lambda operator: type(operator).__name__,
)
def test_every_operator_counts_the_patches_in_force(operator: EventCommands | SessionStates | ForestRefit) -> None:
    flink = FakeFlink()
    operator.open(flink)
    assert flink.counters[metrics.PYFLINK_PATCHES] == 0
    assert metrics.PYFLINK_PATCHES in flink.counters
