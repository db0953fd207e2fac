"""Where the jars are that `infra/jars/build.sh` made."""

from pathlib import Path

from infra.local.home import PROJECT
from infra.local.processes import StackError

JARS = PROJECT / ".build" / "jars"


def flink_jars() -> list[Path]:
    """The connector and the event format: what the jobs need beside Flink itself."""
    jars = sorted((JARS / "flink").glob("*.jar"))
    if len(jars) != 2:
        raise StackError(f"the jars in {JARS / 'flink'} are not complete: run `make setup`")
    return jars


def kafka_classpath() -> str:
    if not any((JARS / "kafka").glob("kafka_2*.jar")):
        raise StackError(f"there is no Kafka in {JARS / 'kafka'}: run `make setup`")
    return str(JARS / "kafka" / "*")
