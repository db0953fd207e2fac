"""A broker, a Redis and a gateway with its console for all of these tests; only the heatmap job needs Flink."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer
from selenium.webdriver import Chrome

from infra.demo.browser import Browser
from infra.local import kafka
from infra.local.home import Home
from schemas.topics import TOPICS, Topic
from tests.support.gateway_processes import Broker, RedisServer, Running
from tests.support.stack import stack

__all__ = ["stack"]

TOKEN = "token-of-the-tests"

WITNESS = """
window.incidents = [];
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
  window[name] = (...given) => window.incidents.push(`${name}: ${given}`);
}
addEventListener('error', (event) => window.incidents.push(`error: ${event.message}`));
addEventListener('unhandledrejection', (event) => window.incidents.push(`rejection: ${event.reason}`));
document.addEventListener('securitypolicyviolation', (event) =>
  window.incidents.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Console:
    """The console of a running gateway, and a pen for its topics."""

    running: Running
    producer: KafkaProducer

    @property
    def address(self) -> str:
        return f"{self.running.url}/console/"

    def write(self, topic: Topic, key: str, record: Any) -> None:
        """`record` as JSON, bytes as they are, None as a deletion; it is on Kafka when this returns."""
        value = record if record is None or isinstance(record, bytes) else msgspec.json.encode(record)
        self.producer.send(self.running.prefix + topic.name, value, key=key.encode("utf-8", "replace"))
        self.producer.flush()

    def ask(self, path: str, **query: str) -> Any:
        answer = self.running.client.get(
            f"/console/api/{path}", params=query, headers={"authorization": f"Bearer {TOKEN}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = Home(tmp_path_factory.mktemp("console"))
    broker = Broker(home)
    redis_server = RedisServer(home)
    running = None
    try:
        running = Running(broker, redis_server.url, home, {"MICROADJUST_GATEWAY_CONSOLE_TOKEN": TOKEN})
        kafka.create_topics(
            broker.bootstrap, tuple(replace(topic, name=running.prefix + topic.name) for topic in TOPICS)
        )
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
        yield Console(running.start(), producer)
        producer.close()
    finally:
        if running is not None:
            running.stop()
        redis_server.stop()
        broker.stop()


@pytest.fixture(scope="module")
def chrome(console: Console) -> Iterator[Chrome]:
    with Browser() as browser:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WITNESS})
        browser.get(f"{console.address}?token={TOKEN}")
        yield browser
