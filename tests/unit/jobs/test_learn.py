"""The learner starts from the room of the jobs as well."""

import subprocess
import sys

import pytest

from infra.local.home import PROJECT


def learn(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs.learn", *options]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)


def test_it_has_the_options_of_the_command_line() -> None:
    done = learn("--help")
    assert done.returncode == 0, done.stderr
    assert "microadjust learn" in done.stdout or "infra.cli learn" in done.stdout
    assert "--retrain-every" in done.stdout


@pytest.mark.parametrize("options", [("--retrain-every", "24h"), ("--no-such-option",)])
def test_its_errors_and_status_are_those_of_the_command_line(options: tuple[str, ...]) -> None:
    done = learn(*options)
    assert done.returncode == 2
    assert options[0] in done.stderr
