"""The modules that look at every row, compiled to C by mypyc for the archive that goes to the TaskManagers.

The sources stay what one reads, tests and debugs; next to them in the archive stand extension modules made of just these
sources. Python takes an extension before a source, and one made for another Python or platform it does not see: there
the job runs as plain Python, slower and otherwise the same (`tests/kafka` compares its commands with those of the sources).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.local.home import PROJECT

MODULES: Final = (
    "models/detectors/baselines.py",
    "models/detectors/categories.py",
    "models/rules/evaluation.py",
    "models/isolation_forest/registry.py",
    "models/detectors/peers.py",
    "models/recent_clicks.py",
    "models/rules/bounds.py",
    "models/rules/compiled.py",
    "models/rules/operands.py",
    "models/rules/signals.py",
    "udfs/keyed_state.py",
    "udfs/lanes/contents.py",
    "udfs/lanes/events.py",
    "udfs/lanes/sessions.py",
    "udfs/crossing_rows.py",
    "udfs/stages/session_clock.py",
    "udfs/stages/categories.py",
    "udfs/stages/decisions.py",
    "udfs/stages/isolation_forest.py",
    "udfs/stages/recent_clicks.py",
    "udfs/stages/evaluation.py",
    "udfs/stages/window_refill.py",
    "udfs/stages/z_scores.py",
)
"""Not among them is what travels inside a pickled operator (`models/isolation_forest/schedule.py`), since pickle
does not see the attributes of compiled classes, and no msgspec struct, since mypyc drops the options and types of its fields."""

CACHE: Final = PROJECT / ".build" / "compiled"

_SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX")
_CONFIG: Final = "[mypy]\nignore_missing_imports = True\nfollow_imports = silent\n"


def extensions(sources: Iterable[Path], cache: Path = CACHE) -> list[tuple[str, Path]]:
    """(name in the archive, file) of the compiled modules; none where there is no C compiler or it fails.

    `sources` are all files of the packages. What was compiled of the same bytes before comes from `cache`, a folder.
    """
    paths = sorted(sources)
    made = cache / _digest(paths)
    if not made.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Made aside and then named, so that two who come at once do not meet half a folder.
        with tempfile.TemporaryDirectory(dir=cache) as aside:
            _compile(paths, Path(aside) / "work")
            with suppress(OSError):
                (Path(aside) / "work").rename(made)
    return [(str(path.relative_to(made)), path) for path in sorted(made.rglob(f"*{_SUFFIX}"))]


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} {_SUFFIX} {MODULES}".encode())
    for path in paths:
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _compile(paths: list[Path], target: Path) -> None:
    for path in paths:
        copy = target / path.relative_to(PROJECT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (target / "mypy.ini").write_text(_CONFIG)
    done = subprocess.run(
        [sys.executable, "-m", "mypyc", "--config-file", "mypy.ini", *MODULES],
        cwd=target,
        env=os.environ | {"PYTHONPATH": "", "MYPYC_OPT_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        for half in target.rglob(f"*{_SUFFIX}"):
            half.unlink()
        told = (done.stdout + done.stderr).strip().splitlines()
        reason = told[-1] if told else f"mypyc ended with {done.returncode}"
        print(
            f"not compiled, the job runs as plain Python, at about two thirds of the speed: {reason}", file=sys.stderr
        )
    shutil.rmtree(target / "build", ignore_errors=True)
