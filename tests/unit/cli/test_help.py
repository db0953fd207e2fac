"""Help is read in narrow terminals, and the program starts by either module."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from infra.cli.main import app


def test_paragraphs_of_help_are_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(app, ["models", "train", "--help"]).stdout.splitlines()
    text = [line.strip() for line in lines[: next(place for place, line in enumerate(lines) if "Arguments" in line)]]
    paragraph = text[text.index(next(line for line in text if line.startswith("The gate"))) :]
    paragraph = paragraph[: paragraph.index("")]
    assert min(len(line) for line in paragraph[:-1]) > 60


@pytest.mark.parametrize("module", ["infra.cli", "infra.cli.main"])
def test_the_command_line_is_started_by_either_module(module: str) -> None:
    found = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("microadjust ")
