"""The job's options: flag before environment before file before default, and errors that name them."""

from pathlib import Path

import pytest

from jobs.config import AdjustConfig, ConfigError


def test_a_flag_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "adjust.toml"
    file.write_text('parallelism = 2\nlateness_ms = 500\ngroup_id = "from-file"\n')
    environ = {"MICROADJUST_CONFIG": str(file), "MICROADJUST_PARALLELISM": "3", "MICROADJUST_GROUP_ID": "from-env"}
    config = AdjustConfig.load(["--parallelism", "4"], environ)
    assert (config.parallelism, config.group_id, config.lateness_ms) == (4, "from-env", 500)
    assert config.checkpoint_ms == AdjustConfig().checkpoint_ms


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--window-s", "soon"], "window_s='soon' is not a whole number"),
        (["--window-s", "30"], "leave window_s at 60 and slide_s at 10"),
        (["--slide-s", "5"], "window_s=60, slide_s=5: habits are learned from slices of 10 s"),
        (["--execution-mode", "fast"], "execution_mode='fast': expected one of thread, process"),
        (["--parallelism", "0"], "parallelism=0: expected at least 1"),
        (["--config", "/no/such/file.toml"], "/no/such/file.toml cannot be read"),
    ],
)
def test_an_error_names_option_value_and_what_was_expected(flags: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        AdjustConfig.load(flags, {})
    assert message in str(raised.value)


def test_an_unknown_option_in_a_file_is_named_with_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "adjust.toml"
    file.write_text("windows = 3\n")
    with pytest.raises(ConfigError, match="windows is not an option; the options are adjustments_topic"):
        AdjustConfig.load(["--config", str(file)], {})
