"""The `models` commands on a store, without Kafka."""

from pathlib import Path
from shutil import copytree

from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.simulate.preferences import PreferenceShape, readers, write_csv

RENAMED = ("--rename", "session_duration=session_age_ms*1000", "--rename", "device_type=device")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def write(path: Path, shape: PreferenceShape, seed: int, rows: int = 1_200) -> Path:
    names = ("session_duration", "click_rate", "device_type", "user_expertise")
    write_csv(path, readers(shape, "length", rows, seed).only(names), "length")
    return path


def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(copytree(folder / "store", tmp_path / "store"))
