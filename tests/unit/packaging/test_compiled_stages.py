"""The session lane's stages do the same as compiled modules and as sources."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.local.home import PROJECT
from infra.packaging.archive import write_archive

SCRIPT = """
import models.rules.signals
from tests.operators.test_every_stage import RULES, STEPS, silent, unknown
from tests.support.builders import rule, session_window
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.stages import RunningStage, window_commands
from udfs.lanes.sessions import DETECTORS, STAGES
print(models.rules.signals.__file__)
print(DETECTORS)
for stage in STAGES:
    flink = FakeFlink()
    running = RunningStage(stage, flink, RULES)
    print(stage.__name__, [running.evaluate(*step) for step in [*STEPS, unknown(30), silent(31)]], flink.values)
odd = rule(id="odd", when=[{"forest": 0.0}, {"feature": "clicks", "z_above": -9}, {"context": "device", "equals": "phone"}])
lane = Running(window_commands(*RULES, odd))
for number in range(20):
    print(lane.send("sanna-phone", session_window(60 + 10 * number)))
print(lane.advance(lane.flink.watermark + 2**62), lane.flink.values)
"""


def output(sources: Path) -> list[str]:
    """What the script prints with the packages of that folder, and the tests of this one."""
    path = os.pathsep.join([str(sources), str(PROJECT)])
    arguments = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(arguments, cwd=sources, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_compiled_and_plain_stages_emit_the_same(tmp_path: Path) -> None:
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        pytest.skip("no C compiler: the archive holds sources only")
    with zipfile.ZipFile(write_archive(tmp_path / "microadjust.zip")) as packed:
        packed.extractall(tmp_path / "compiled")
    (where, *compiled), (source, *plain) = output(tmp_path / "compiled"), output(PROJECT)
    assert where.endswith(".so")
    assert source.endswith(".py")
    assert compiled == plain
