"""One gateway with its console for all of these tests; only the heatmap job and the demo need Flink."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer
from selenium.webdriver import Chrome

from infra.demo import demo_gateway
from infra.local.home import Home
from infra.local.stack import Stack
from infra.rules.rule_topics import put_records
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import parse_rule_file
from schemas.topics import Topic
from tests.support.broker import Broker, PrefixedTopics
from tests.support.browser import fresh_tab
from tests.support.credentials import OPERATOR
from tests.support.gateway import Gateway, running_gateway
from tests.support.redis import RedisServer
from tests.support.stack import submitted

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

    gateway: Gateway
    producer: KafkaProducer

    @property
    def address(self) -> str:
        return f"{self.gateway.url}/console/"

    def write(self, topic: Topic, key: str, record: Any) -> None:
        """`record` as JSON, bytes as they are, None as a deletion; it is on Kafka when this returns."""
        value = record if record is None or isinstance(record, bytes) else msgspec.json.encode(record)
        self.producer.send(self.gateway.topics.name(topic), value, key=key.encode("utf-8", "replace"))
        self.producer.flush()

    def ask(self, path: str, **query: str) -> Any:
        answer = self.gateway.client.get(
            f"/console/api/{path}", params=query, headers={"authorization": f"Bearer {OPERATOR}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="package")
def console(broker: Broker, redis_server: RedisServer, home: Home) -> Iterator[Console]:
    with running_gateway(PrefixedTopics.create(broker.bootstrap), redis_server.url, home) as gateway:
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
        yield Console(gateway, producer)
        producer.close()


@pytest.fixture(scope="module")
def chrome(chrome: Chrome, console: Console) -> Iterator[Chrome]:
    """A tab in which the operator is signed in, and which notes whatever script runs in it."""
    with fresh_tab(chrome) as tab:
        tab.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WITNESS})
        tab.get(f"{console.address}?token={OPERATOR}")
        yield tab


@pytest.fixture(scope="module")
def demo(stack: Stack, redis_server: RedisServer) -> Iterator[demo_gateway.DemoGateway]:
    """The demo's first half: job, rules, articles, gateway and projector."""
    group = f"test-demo-{os.getpid()}"
    rules = parse_rule_file(demo_gateway.RULES_FILE.read_text(), KNOWN_FEATURES)
    with submitted(stack, "adjust", ("--startup", "latest", "--group-id", group, "--refit-min", "0")):
        demo_gateway.put_content(stack.bootstrap)
        put_records(stack.bootstrap, [(rule.id, msgspec.json.encode(rule)) for rule in rules])
        try:
            yield demo_gateway.start(stack.home, stack, redis_server.port)
        finally:
            put_records(stack.bootstrap, [(rule.id, None) for rule in rules])
            demo_gateway.stop(stack.home)
