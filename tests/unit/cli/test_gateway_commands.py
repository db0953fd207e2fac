"""`microadjust gateway` and `projector` before they start: settings that are refused, and what `--check` finds."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import UNKNOWN_TOPIC, is_available, mock_kafka
from infra.cli.main import app
from schemas.topics import OUTCOMES


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environ)


@pytest.mark.parametrize("command", ["gateway", "projector"])
def test_a_setting_with_a_wrong_name_is_not_started_with(command: str) -> None:
    shown = run(command, MICROADJUST_GATEWAY_REDIS_ULR="redis://127.0.0.1:1/0")
    assert shown.exit_code == 1
    wanted = "MICROADJUST_GATEWAY_REDIS_ULR: unknown setting; did you mean MICROADJUST_GATEWAY_REDIS_URL?"
    assert wanted in re.sub(r"\s+", " ", shown.output)


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("gateway", "MICROADJUST_GATEWAY_ALLOWED_ORIGINS", "https://site.example/path"),
        ("gateway", "MICROADJUST_PUSH_SECRETS", ","),
        ("gateway", "MICROADJUST_GATEWAY_HOST", "0.0.0.0"),
        ("projector", "MICROADJUST_PROJECTOR_PORT", "eighty"),
    ],
)
def test_a_broken_value_is_not_started_with(command: str, name: str, value: str) -> None:
    shown = run(command, **{name: value})
    assert shown.exit_code == 1
    assert name in shown.output
    assert "Traceback" not in shown.output


@pytest.mark.skipif(not is_available(), reason="this librdkafka has no mock cluster")
def test_the_check_names_what_is_missing_and_what_is_unsafe() -> None:
    with mock_kafka({OUTCOMES.name: UNKNOWN_TOPIC}) as kafka:
        shown = run(
            "gateway",
            "--check",
            MICROADJUST_GATEWAY_BOOTSTRAP=kafka.bootstrap,
            MICROADJUST_GATEWAY_REDIS_URL="redis://127.0.0.1:1/0",
            MICROADJUST_PUSH_SECRETS="SECRET",
        )
    assert shown.exit_code == 1
    text = re.sub(r"\s+", " ", shown.output)
    assert f"FAILED Kafka: topics missing: {OUTCOMES.name}" in text
    assert "FAILED Redis: does not answer" in text
    assert "ok MICROADJUST_PUSH_SECRETS: weak" in text
    assert "ok MICROADJUST_WRITE_KEYS: not set: random" in text
    assert "SECRET:" not in text


def test_the_check_reads_the_files_that_the_settings_name(tmp_path: Path) -> None:
    keys, places = tmp_path / "keys.toml", tmp_path / "places.mmdb"
    keys.write_text("[sources")
    places.write_text("no database")
    shown = run(
        "gateway",
        "--check",
        "--bootstrap",
        "127.0.0.1:1",
        MICROADJUST_GATEWAY_REDIS_URL="redis://127.0.0.1:1/0",
        MICROADJUST_GATEWAY_KEYS_FILE=str(keys),
        MICROADJUST_GATEWAY_GEO_DATABASE=str(places),
        MICROADJUST_GATEWAY_METRICS_PORT="8480",
    )
    for name in ("KEYS_FILE", "GEO_DATABASE", "METRICS_PORT"):
        assert f"FAILED MICROADJUST_GATEWAY_{name}" in shown.output


def test_a_port_that_does_not_exist_is_refused() -> None:
    shown = run("gateway", "--check", "--port", "99999")
    assert shown.exit_code == 2
    assert "65535" in shown.output
