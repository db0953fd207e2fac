"""The wheel: it holds every file of the five packages and the built tracker, and works away from the checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from infra.local.home import PROJECT

PACKAGES = ("jobs", "udfs", "models", "schemas", "infra")
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that it cannot depend on what lies about in the checkout."""
    copy = tmp_path_factory.mktemp("project")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, copy / name)
    shutil.copytree(PROJECT / ".build" / "tracker", copy / ".build" / "tracker", ignore=shutil.ignore_patterns("tools"))
    # What an earlier build and an earlier run have left behind.
    for left in (".build/wheel/lib/models/gone.py", "models/__pycache__/features.cpython-311.pyc"):
        (copy / left).parent.mkdir(parents=True, exist_ok=True)
        (copy / left).write_bytes(b"")
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [*PIP, "wheel", str(copy), "--no-build-isolation", "--no-deps", "--wheel-dir", str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = target.glob("*.whl")
    return built


def tracked() -> list[str]:
    """Files that git knows, or would take up, and that are still there."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout: the files that belong to it are unknown")
    return [name for name in listed.stdout.splitlines() if (PROJECT / name).exists()]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    subprocess.run([*PIP, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    return target


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed package, with this environment's libraries, from another folder."""
    environ = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(folder)}
    for name in ("MICROADJUST_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        environ.pop(name, None)
    argv = [sys.executable, "-m", "infra.cli", *arguments]
    return subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        found = {name for name in packed.namelist() if ".dist-info/" not in name}
    expected = {name for name in tracked() if name.split("/")[0] in PACKAGES and not Path(name).name.startswith(".")}
    scripts = {f"infra/tracker/dist/{path.name}" for path in (PROJECT / ".build" / "tracker").glob("*.js*")}
    assert {"infra/tracker/dist/adjust.js", "infra/tracker/dist/adjust.js.br"} <= scripts
    assert (found - expected - scripts, (expected | scripts) - found) == (set(), set())


def test_the_wheel_has_the_version_and_what_the_command_line_needs(wheel: Path) -> None:
    assert wheel.name == f"microadjust-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as packed:
        metadata = packed.read(f"microadjust-{VERSION}.dist-info/METADATA").decode()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert any("typer" in line for line in needed)
    assert not any("apache-flink" in line or "pytest" in line for line in needed)


def test_an_installed_package_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert run(installed, tmp_path, "--version").stdout == f"microadjust {VERSION}\n"


EDGE_ONLY = """
import sys
from importlib.metadata import packages_distributions

class Missing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if {each.lower().replace("_", "-") for each in KNOWN.get(top, ())} - EDGE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

KNOWN = packages_distributions()
sys.meta_path.insert(0, Missing())
"""
"""A `sitecustomize` under which only what `edge.txt` installs can be imported, and the wheel itself."""


def run_with_edge_only(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    locked = (PROJECT / "infra" / "requirements" / "edge.txt").read_text()
    edge = {line.partition("==")[0].lower() for line in locked.splitlines() if line[:1].isalnum()}
    (folder / "sitecustomize.py").write_text(f"EDGE = {edge | {'microadjust'}!r}\n{EDGE_ONLY}")
    environ = {**os.environ, "PYTHONPATH": f"{folder}:{installed}", "HOME": str(folder)}
    argv = [sys.executable, "-m", "infra.cli", *arguments]
    return subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("simulate", "out.jsonl", "--ordinary", "1")],
    ids=" ".join,
)
def test_the_requirements_of_the_wheel_are_all_that_its_command_line_needs(
    installed: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run_with_edge_only(installed, tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("simulate", "out.jsonl", "--world", "S3"), "numpy is not installed: pip install 'microadjust[learn]'"),
        (("learn", "--once", "--bootstrap", "127.0.0.1:1"), "numpy is not installed: pip install 'microadjust[learn]'"),
        (("rules", "backtest", str(PROJECT / "models/shipped/rules.yaml")), "install microadjust[job]"),
    ],
    ids=["worlds", "learner", "back-test"],
)
def test_a_command_that_needs_more_names_the_extra_that_has_it(
    installed: Path, tmp_path: Path, arguments: tuple[str, ...], missing: str
) -> None:
    done = run_with_edge_only(installed, tmp_path, *arguments)
    assert done.returncode == 1
    assert missing in done.stderr
    assert "Traceback" not in done.stderr


def test_benchmarks_of_an_installed_package_name_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "bench")
    assert done.returncode == 1
    assert "from a checkout" in done.stderr


def test_an_installed_package_simulates(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "simulate", "out.jsonl.gz", "--ordinary", "1", "--per-behaviour", "0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jsonl.gz").stat().st_size > 1000


def test_an_installed_package_writes_an_archive_of_its_own_files(installed: Path, tmp_path: Path) -> None:
    # Without a compiler, since compiling is tested elsewhere and takes half a minute.
    environ = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path), "CC": "/nowhere/cc"}
    environ.pop("XDG_CACHE_HOME", None)
    argv = [sys.executable, "-m", "infra.cli", "package", "jobs.zip"]
    subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, check=True)
    with zipfile.ZipFile(tmp_path / "jobs.zip") as packed:
        assert {"jobs/adjust.py", "models/shipped/forest.onnx"} <= set(packed.namelist())


def test_an_installed_package_keeps_its_files_in_the_users_folders(installed: Path, tmp_path: Path) -> None:
    code = "from infra.local.home import BUILD, Home; print(BUILD); print(Home.from_env().path)"
    environ = {"PYTHONPATH": str(installed), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        str(tmp_path / ".cache" / "microadjust" / VERSION),
        str(tmp_path / ".local" / "state" / "microadjust"),
    ]


def test_a_wheel_without_the_tracker_is_not_built(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    copy.mkdir()
    for name in PACKAGES:
        (copy / name).mkdir()
        (copy / name / "__init__.py").touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(PROJECT / name, copy / name)
    hook = copy / "infra" / "packaging" / "wheel_build.py"
    hook.parent.mkdir()
    shutil.copyfile(PROJECT / "infra" / "packaging" / "wheel_build.py", hook)
    argv = [*PIP, "wheel", str(copy), "--no-build-isolation", "--no-deps", "--wheel-dir", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "run `make wheel`" in done.stderr
