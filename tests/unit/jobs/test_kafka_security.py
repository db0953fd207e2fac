"""How jobs log in to Kafka: from the environment alone, into every client, and into no list of options."""

import subprocess
import sys

import pytest

from jobs.config import AdjustConfig, ConfigError, HeatmapConfig, options_of
from jobs.kafka_start import adjust_needs, heatmap_needs, hidden_secrets
from jobs.sql import heatmap, source_table
from schemas.topics import TOPICS

LOGIN = {
    "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "MICROADJUST_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "MICROADJUST_KAFKA_SASL_USERNAME": "adjust",
    "MICROADJUST_KAFKA_SASL_PASSWORD": 'it\'s "hunter2"',
}


def test_every_table_logs_in() -> None:
    adjust, cells = AdjustConfig.load([], LOGIN), HeatmapConfig.load([], LOGIN)
    for ddl in (
        source_table.source_ddl(adjust),
        source_table.rules_ddl(adjust),
        heatmap.source_ddl(cells),
        heatmap.sink_ddl(cells),
    ):
        assert "'properties.security.protocol' = 'SASL_SSL'" in ddl
        assert "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule" in ddl
        # Quoted for JAAS by backslashes, and for SQL by a doubled quotation mark.
        assert r'password="it' + "''" + r's \"hunter2\"";' in ddl


def test_an_open_broker_is_given_servers_alone() -> None:
    assert source_table.kafka_table_options(AdjustConfig.load([], {})) == {
        "properties.bootstrap.servers": "127.0.0.1:19092"
    }


def test_no_list_of_options_and_no_repr_holds_a_login() -> None:
    config = AdjustConfig.load([], LOGIN)
    assert "hunter2" not in repr(config)
    assert "kafka_security" not in [each.name for each in options_of(config)]
    shown = subprocess.run(
        [sys.executable, "-m", "jobs.adjust", "--help"], env=LOGIN, capture_output=True, text=True, check=True
    )
    assert "--group-id" in shown.stdout
    assert "security" not in shown.stdout


def test_settings_that_cannot_be_used_are_named() -> None:
    with pytest.raises(ConfigError, match="MICROADJUST_KAFKA_SASL_MECHANISM"):
        HeatmapConfig.load([], {**LOGIN, "MICROADJUST_KAFKA_SASL_MECHANISM": "SCRAM"})


def test_errors_of_flink_are_shown_without_secrets() -> None:
    with pytest.raises(SystemExit) as ended, hidden_secrets(AdjustConfig.load([], LOGIN)):
        raise RuntimeError(
            f"Table options are: 'properties.ssl.keystore.key'='{LOGIN['MICROADJUST_KAFKA_SASL_PASSWORD']}'"
        )
    assert "Table options are" in str(ended.value)
    assert "[hidden]" in str(ended.value)
    assert "hunter2" not in str(ended.value)
    with pytest.raises(RuntimeError), hidden_secrets(AdjustConfig()):
        raise RuntimeError


def test_needs_are_topics_of_the_contract() -> None:
    known = {topic.name for topic in TOPICS}
    assert {topic for topic, _ in (*adjust_needs(AdjustConfig()), *heatmap_needs(HeatmapConfig()))} <= known
