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


def test_an_option_says_what_it_does_in_this_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def help_of(command: str) -> str:
        return " ".join(CliRunner().invoke(app, ["models", command, "--help"]).stdout.replace("│", " ").split())

    assert "Write the model to models.v1" not in help_of("withdraw")
    assert "Delete the model's record on models.v1" in help_of("withdraw")
    assert "Write the model to models.v1" in help_of("promote")
    assert "anomaly or isolation_forest only without versions" in help_of("compare")


@pytest.mark.parametrize("module", ["infra.cli", "infra.cli.main"])
def test_the_command_line_is_started_by_either_module(module: str) -> None:
    found = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("microadjust ")
