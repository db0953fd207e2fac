"""Compiles the modules that look at every row to C, by mypyc, for the archive that goes to the TaskManagers.

The sources stay what one reads, tests and debugs. In the archive each compiled module stands next to its source; Python
prefers the extension, and ignores one made for another Python or platform: there the job runs as plain Python, slower
and otherwise the same (`tests/unit/packaging/test_mypyc.py` compares the two).
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.local.home import BUILD, PROJECT

EXCLUDED: Final = {
    "jobs/*": "wiring: runs once, on the client",
    "schemas/*": "contracts: structs, and code that runs at start; the job checks each event in Java",
    "*/__init__.py": "nothing to compile",
    "models/feature.py": "constants, read at start",
    "models/features.py": "constants, read at start",
    "models/feature_columns.py": "constants, read at start",
    "models/session_features.py": "constants, read at start",
    "models/content_features.py": "constants, read at start",
    "models/slice_columns.py": "constants, read at start",
    "models/feature_layout.py": "reads the state of a key once, until it leaves the cache",
    "models/model_store.py": "reads files at start",
    "models/reservoir.py": "one call for each window that a refit samples",
    "models/language/*": "looks at a text, which few rows have",
    "models/anomaly/adam.py": "runs once a training",
    "models/anomaly/autoencoder.py": "runs once a training; numpy does the work",
    "models/anomaly/calibration.py": "is read from JSON by the fields of a dataclass",
    "models/anomaly/fit.py": "runs once a training; numpy does the work",
    "models/anomaly/onnx_export.py": "runs once a training; onnx does the work",
    "models/anomaly/robust_scale.py": "runs once a training; numpy does the work",
    "models/anomaly/scorer.py": "onnxruntime does the work",
    "models/anomaly/tail.py": "is written to JSON by the fields of a dataclass",
    "models/isolation_forest/fit.py": "runs once a refit",
    "models/isolation_forest/grow.py": "runs once a refit; numpy does the work",
    "models/isolation_forest/onnx_export.py": "runs once a refit; onnx does the work",
    "models/isolation_forest/tree_arrays.py": "runs once a refit; numpy does the work",
    "models/isolation_forest/scorer.py": "onnxruntime does the work",
    "models/isolation_forest/schedule.py": "is pickled inside operators: pickle does not see attributes of compiled classes",
    "models/announced/*": "runs once an announcement",
    "models/segments/map_axes.py": "runs once a map",
    "models/predictions/kinds.py": "constants, read at start",
    "models/predictions/targets.py": "constants, read at start",
    "models/learning/*": "runs once a training; numpy and scikit-learn do the work",
    "models/onnx_scorer.py": "onnxruntime does the work",
    "models/onnx_session.py": "opens a model once",
    "udfs/window_commands.py": "operators are pickled into the job graph",
    "udfs/arbiter.py": "operators are pickled into the job graph",
    "models/arbitration/content_check.py": "a type, and a function that is replaced",
    "models/arbitration/budget.py": "is pickled inside operators: pickle does not see attributes of compiled classes",
    "udfs/event_commands.py": "operators are pickled into the job graph",
    "udfs/site_cards.py": "operators are pickled into the job graph",
    "udfs/site_stream.py": "operators are pickled into the job graph",
    "models/rules/expressions/*": "runs once a rule; what runs once a row is generated as plain Python",
    "models/rules/cel_library.py": "runs once a rule, and not in a TaskManager",
    "models/rules/condition_nodes.py": "runs once a rule",
    "models/rules/lookups.py": "runs once a rule",
    "models/rules/ranges.py": "constants, read once a rule",
    "models/rules/screening.py": "runs once a change of rules; the function that it makes is plain Python",
    "models/rules/variables.py": "runs once a rule",
    "models/judgement/messages.py": "holds a msgspec struct",
    "models/judgement/habit.py": "constants, read at start",
    "models/judgement/layout.py": "constants, read at start",
    "models/judgement/content_layout.py": "constants, read at start",
    "models/judgement/calibration.py": "runs once a card",
    "udfs/forest_refit.py": "operators are pickled into the job graph",
    "udfs/session_state.py": "operators are pickled into the job graph",
    "udfs/rule_operator.py": "operators are pickled into the job graph",
    "udfs/runtime/*": "replaces parts of PyFlink at start",
    "udfs/side_outputs.py": "constants of PyFlink's types",
    "udfs/metrics.py": "constants: names and meanings",
    "udfs/audit_records.py": "one call for each record of the audit topics",
    "udfs/stages/broadcast_control.py": "runs when a rule or a forest changes",
    "udfs/stages/model_broadcast.py": "runs when a model changes",
    "udfs/stages/segment_broadcast.py": "runs when a segment changes",
}
"""Modules that are not compiled, by pattern, each with its reason. A module with a msgspec struct is not compiled either:
mypyc drops the options of a struct and the types of its fields. All others in `models` and `udfs` are compiled."""

CACHE: Final = BUILD / "compiled"

_SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX")
_CONFIG: Final = "[mypy]\nignore_missing_imports = True\nfollow_imports = silent\n"


class CompilationError(Exception):
    """The modules could not be compiled; the message says why."""


def modules(sources: Iterable[Path]) -> list[str]:
    """Selects the files to compile, as paths below the project, from all files of the packages."""
    names = {str(path.relative_to(PROJECT)): path for path in sources}
    candidates = [name for name in names if not any(fnmatch(name, pattern) for pattern in EXCLUDED)]
    return sorted(name for name in candidates if not defines_struct(names[name].read_text("utf-8")))


def defines_struct(source: str) -> bool:
    """Tells whether a module defines a msgspec struct.

    >>> defines_struct("class Click(msgspec.Struct, frozen=True): ..."), defines_struct("class Click(NamedTuple): ...")
    (True, False)
    """
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return any(ast.unparse(base).rpartition(".")[2] == "Struct" for each in classes for base in each.bases)


def compile_modules(sources: Iterable[Path], cache: Path = CACHE) -> list[tuple[str, Path]]:
    """Returns (name in the archive, file) of the compiled modules. Raises `CompilationError`.

    `sources` are all files of the packages. What was compiled of the same bytes before comes from the folder `cache`.
    """
    paths = sorted(sources)
    made = cache / _digest(paths)
    if not made.exists():
        _check_tools()
        cache.mkdir(parents=True, exist_ok=True)
        # Made aside and then renamed, so that two processes that compile at once do not meet half a folder.
        with tempfile.TemporaryDirectory(dir=cache) as aside:
            _compile(paths, Path(aside) / "work")
            with suppress(OSError):
                (Path(aside) / "work").rename(made)
    return [(str(path.relative_to(made)), path) for path in sorted(made.rglob(f"*{_SUFFIX}"))]


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} {_SUFFIX} {modules(paths)}".encode())
    for path in paths:
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _check_tools() -> None:
    """Raises `CompilationError` for a missing tool at once, which mypyc would report after half a minute."""
    if find_spec("mypyc") is None:
        raise CompilationError("mypyc is not installed: pip install 'microadjust[compile]'")
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise CompilationError(f"there is no C compiler {compiler}: install one (Debian: apt install gcc), or set CC")


def _compile(paths: list[Path], target: Path) -> None:
    for path in paths:
        copy = target / path.relative_to(PROJECT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (target / "mypy.ini").write_text(_CONFIG)
    done = subprocess.run(
        [sys.executable, "-m", "mypyc", "--config-file", "mypy.ini", *modules(paths)],
        cwd=target,
        env=os.environ | {"PYTHONPATH": "", "MYPYC_OPT_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise CompilationError(lines[-1] if lines else f"mypyc ended with {done.returncode}")
    shutil.rmtree(target / "build", ignore_errors=True)
