"""Files and times that options name: what cannot be is told with the option, before anything is run or read."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.durations import DurationError, duration_ms
from infra.cli.main import app
from infra.cli.output_files import OutputFileError, replacing, require_place, write_file

PICTURES = [
    ("--svg", ["actions", "matrix"]),
    # Of a recording that is not there: the file is looked at first.
    ("--svg", ["rules", "backtest", "mission-simplify", "--recording", "missing.jsonl"]),
    ("--out", ["segments", "map", "--bootstrap", "127.0.0.1:1"]),
]


@pytest.mark.parametrize(("option", "command"), PICTURES, ids=lambda each: " ".join(each[:2]) if each else "")
@pytest.mark.parametrize("place", ["missing/picture.svg", "."])
def test_a_file_that_cannot_be_written_is_told_with_its_option(
    option: str, command: list[str], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*command, option, place])
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"{option} {place}: give a file in a folder that exists" in done.stderr


def test_a_recording_is_simulated_into_a_folder_that_exists(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "missing" / "day.jsonl")])
    assert done.exit_code == 1
    assert "give a file in a folder that exists" in done.stderr


def test_what_the_system_refuses_is_told_likewise() -> None:
    with pytest.raises(OutputFileError, match=r"--svg /dev/full cannot be written: No space left on device"):
        write_file(Path("/dev/full"), "x" * 100_000, "--svg")


@pytest.mark.parametrize("text", ["0s", "000h", "5", "-5m", "5 m", "٥m", "1e3s", "1234567s", "5w", "m", "5m\n"])
def test_a_time_that_is_none_is_told_before_kafka_is_asked(text: str) -> None:
    with pytest.raises(DurationError, match="give a number above 0 with s, m, h or d, as 60m or 7d"):
        duration_ms(text)
    done = CliRunner().invoke(
        app, ["rules", "backtest", "mission-simplify", "--last", text, "--bootstrap", "127.0.0.1:1"]
    )
    assert (done.exit_code, "give a number above 0" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("text", "ms"), [("1s", 1_000), ("90s", 90_000), ("2h", 7_200_000), ("999999d", 86_399_913_600_000)]
)
def test_a_time_is_read_in_each_unit(text: str, ms: int) -> None:
    assert duration_ms(text) == ms


def test_two_commands_at_once_leave_the_whole_file_of_the_later_one(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    with replacing(path, "--features") as first:
        first.write(b"first")
        with replacing(path, "--features") as second:
            second.write(b"2nd")
        assert path.read_bytes() == b"2nd"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_file_may_be_read_as_any_new_file_may(tmp_path: Path) -> None:
    path, ordinary = tmp_path / "f.jsonl", tmp_path / "ordinary"
    ordinary.write_bytes(b"")
    with replacing(path, "--features") as file:
        file.write(b"x")
    assert path.stat().st_mode == ordinary.stat().st_mode


def test_whatever_fails_leaves_the_file_of_before_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("of before")
    for raised in (KeyboardInterrupt, ValueError):
        with pytest.raises(raised), replacing(path, "--features"):
            raise raised
    with pytest.raises(OutputFileError, match="No space left"), replacing(path, "--features"):
        raise OSError(28, "No space left on device")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["of before"]


def test_a_loop_of_links_or_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OutputFileError, match=r"--svg .*loop cannot be written: Too many levels of symbolic links"):
        require_place(loop, "--svg")
    with pytest.raises(OutputFileError, match="File name too long"):
        require_place(tmp_path / ("x" * 300), "--svg")
    ahead = tmp_path / "ahead"
    ahead.symlink_to(tmp_path / "not there yet")
    require_place(ahead, "--svg")
