"""Locates the jars that the local stack and the jobs need, and fetches them."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from infra.local.home import BUILD, IS_CHECKOUT, PROJECT
from infra.local.processes import StackError

JARS: Final = BUILD / "jars"

_FETCH: Final = "make setup" if IS_CHECKOUT else "microadjust jars"
_TOOLS: Final = ("bash", "mvn", "java", "sha256sum")


def fetch(target: Path = JARS) -> Path:
    """Fetches the jars that `infra/jars/pom.xml` pins, checks them and builds the event format. Needs Maven and a JDK."""
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        raise StackError(f"{missing[0]} is missing: fetching the jars needs Maven and a JDK of at least version 17")
    target.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["bash", str(PROJECT / "infra" / "jars" / "build.sh"), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"the jars could not be fetched:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return target


def flink_jars() -> list[Path]:
    """Returns the connector and the event format: what the jobs need beside Flink itself."""
    jars = sorted((JARS / "flink").glob("*.jar"))
    if len(jars) != 2:
        raise StackError(f"the jars in {JARS / 'flink'} are not complete: run `{_FETCH}`")
    return jars


def oauth_jars() -> list[Path]:
    """Returns what the connector's Kafka client needs for OAUTHBEARER, and does not hold."""
    jars = sorted((JARS / "oauth").glob("*.jar"))
    if not jars:
        raise StackError(f"there are no jars in {JARS / 'oauth'}: run `{_FETCH}`")
    return jars


def kafka_classpath() -> str:
    """Returns the class path of the local Kafka."""
    if not any((JARS / "kafka").glob("kafka_2*.jar")):
        raise StackError(f"there is no Kafka in {JARS / 'kafka'}: run `{_FETCH}`")
    return str(JARS / "kafka" / "*")
