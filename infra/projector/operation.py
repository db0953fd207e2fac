"""GET /live, /ready and /metrics of the projector, on a port of their own."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from infra.projector.projector import Projector

STALLED_S: Final = 60.0
"""Not alive any more if its loop has not gone round for so long: waiting for Redis or Kafka goes round."""


class ProjectorMetrics:
    """Collects the projector's numbers when they are asked for."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def collect(self) -> Iterable[Any]:
        projector = self._projector
        for name, meaning, value in (
            ("written", "Records written to Redis.", projector.written),
            ("unreadable", "Records skipped because they could not be read.", projector.unreadable),
            ("rewinds", "Rebuilds, because Redis did not hold the projection.", projector.rewinds),
            ("failures", "Rounds that failed because Redis or Kafka did not answer.", projector.failures),
        ):
            yield CounterMetricFamily(f"microadjust_projector_{name}", meaning, value=value)
        yield GaugeMetricFamily(
            "microadjust_projector_up",
            "Whether Redis and Kafka answered last time.",
            value=int(projector.problem is None),
        )
        lag = GaugeMetricFamily(
            "microadjust_projector_lag_records",
            "Records not yet written, as far as is known.",
            labels=("topic", "partition"),
        )
        for (topic, partition), records in projector.lag().items():
            lag.add_metric((topic, str(partition)), records)
        yield lag


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Probes come every few seconds, so they are not logged."""


@contextmanager
def operation_endpoints(projector: Projector, host: str, port: int) -> Iterator[None]:
    """Serves while the context lasts; nothing where the port is 0."""
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(ProjectorMetrics(projector))
    answers: dict[str, Callable[[], tuple[int, Any]]] = {
        "/live": lambda: _live(projector),
        "/ready": lambda: _ready(projector),
    }

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            status, kind, body = 200, "text/plain; version=0.0.4; charset=utf-8", generate_latest(registry)
        elif path in answers:
            status, document = answers[path]()
            kind, body = "application/json", msgspec.json.encode(document)
        else:
            status, kind, body = 404, "application/json", b'{"error":"there is no such page"}'
        start(
            f"{status} {'OK' if status == 200 else 'Error'}",
            [("content-type", kind), ("content-length", str(len(body)))],
        )
        return [body]

    server = make_server(host, port, app, WSGIServer, _Quiet)
    thread = threading.Thread(target=server.serve_forever, name="operation-endpoints", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)


def _live(projector: Projector) -> tuple[int, Any]:
    silent_s = time.monotonic() - projector.round_at_s
    return (200 if silent_s < STALLED_S else 503), {"live": silent_s < STALLED_S, "last_round_s": round(silent_s, 1)}


def _ready(projector: Projector) -> tuple[int, Any]:
    return (200 if projector.problem is None else 503), {"ready": projector.problem is None, "why": projector.problem}
