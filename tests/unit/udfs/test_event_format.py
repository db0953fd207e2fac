"""The Maven module of the event format: builds without warnings, and its JUnit tests pass."""

import subprocess
from pathlib import Path

FORMAT = Path(__file__).parents[3] / "udfs" / "format"


def test_the_java_tests_pass(tmp_path: Path) -> None:
    argv = ["mvn", "--batch-mode", "--quiet", f"--file={FORMAT / 'pom.xml'}", f"-Dout={tmp_path}", "test"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "surefire-reports").glob("TEST-*.xml")), "no JUnit test ran"
