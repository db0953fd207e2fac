"""Starts and stops the demo's gateway and projector, describes its articles, and creates the topics of its replay."""

import os
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from infra.cli.content_files import read_items
from infra.gateway.console.endpoints import screenshot_filename
from infra.kafka.blocking_producer import BlockingProducer
from infra.local import kafka, processes
from infra.local.home import Home, StackRecord
from infra.local.stack import Stack
from jobs.config import AdjustConfig
from schemas.content_validation import validated
from schemas.topics import CONTENT, RULES, TOPICS

RULES_FILE: Final = Path(__file__).parent / "rules.yaml"
CONTENT_FILE: Final = Path(__file__).parent / "content.yaml"
REPLAY: Final = "replay-"
"""Prefix of the topics of the replay and its job: the recording's event time is not that of the demo's page."""

PORT: Final = 8480


@dataclass(frozen=True, slots=True)
class DemoGateway:
    """Addresses of a running demo gateway. The console's address holds its token, which works once."""

    site: str
    console: str
    write_key: str
    pictures: Path

    def publish_screenshot(self, picture: Path) -> None:
        """Publishes a picture of the site's page as the background of the console's heatmap."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, self.pictures / screenshot_filename(self.site))


def start(home: Home, stack: Stack, redis_port: int) -> DemoGateway:
    """Starts gateway and projector, and waits until the site is served. `stack.down` stops both. Raises `StackError`."""
    wanted = os.environ.get("MICROADJUST_GATEWAY_PORT", str(PORT))
    port = processes.free_port(int(wanted) if wanted.isdigit() else PORT)
    address = f"http://127.0.0.1:{port}"
    token, write_key = secrets.token_hex(12), secrets.token_hex(12)
    gateway = DemoGateway(f"{address}/demo/", f"{address}/console/?token={token}", write_key, home.path / "pictures")
    environ = os.environ | {
        "MICROADJUST_HOME": str(home.path),
        "MICROADJUST_WRITE_KEYS": f"demo:{write_key}",
        "MICROADJUST_PUSH_SECRETS": secrets.token_hex(24),
        "MICROADJUST_GATEWAY_BOOTSTRAP": stack.bootstrap,
        "MICROADJUST_GATEWAY_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "MICROADJUST_GATEWAY_CONSOLE_TOKEN": token,
        "MICROADJUST_GATEWAY_CONSOLE_ALSO": REPLAY,
        "MICROADJUST_GATEWAY_FLINK_URL": f"http://127.0.0.1:{stack.rest_port}",
        "MICROADJUST_GATEWAY_PICTURES": str(gateway.pictures),
        "MICROADJUST_GATEWAY_DEMO": "1",
    }
    _begin(home, "gateway", ("gateway", "--port", str(port)), environ, {"http": port}, gateway.site)
    _begin(home, "projector", ("projector",), environ, {}, None)
    return gateway


def put_content(bootstrap: str) -> None:
    """Writes what the site's articles have, variants and languages, to content.v1. Raises `StreamError`."""
    producer = BlockingProducer(bootstrap, timeout_s=10.0)
    for item in read_items(CONTENT_FILE):
        content_id, encoded = validated(item.value)
        producer.send(CONTENT.name, encoded, content_id.encode())
    producer.finish()


def stop(home: Home) -> None:
    """Stops gateway and projector, and nothing else of the stack."""
    with home.locked():
        services = StackRecord.read(home)
        for name in ("gateway", "projector"):
            if name in services.services:
                processes.stop(services.services.pop(name))
        services.write(home)


def _begin(
    home: Home, name: str, command: tuple[str, ...], environ: dict[str, str], ports: dict[str, int], site: str | None
) -> None:
    log = home.log(name)
    record = processes.start([sys.executable, "-m", "infra.cli", *command], log, environ, ports)
    with home.locked():
        services = StackRecord.read(home)
        services.services[name] = record
        services.write(home)
    if site is not None:
        processes.wait_until(lambda: _answers(site), f"the {name}", record, log, timeout_s=30.0)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def replay_topics(bootstrap: str) -> tuple[dict[str, str], list[str]]:
    """Creates a second set of topics. Returns their names by the contract's, and the adjust job's flags for them.

    Both jobs share the topic of rules.
    """
    names = {topic.name: REPLAY + topic.name for topic in TOPICS if topic is not RULES}
    kafka.create_topics(
        bootstrap, tuple(replace(topic, name=names[topic.name]) for topic in TOPICS if topic is not RULES)
    )
    flags = []
    for option in fields(AdjustConfig):
        if option.name.endswith("_topic") and option.default in names:
            flags += ["--" + option.name.replace("_", "-"), names[option.default]]
    return names, flags
