"""Measures the collector: events a second acknowledged by Kafka (acks=all), one gateway process, beside a bare echo.

Both run under the same server with the same options and get the same requests from the same load generator, which is a process of
its own: batches of 20 events over 16 connections, each sent as soon as the one before it is answered.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median_low, quantiles
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.kafka.reading import end_offsets
from infra.local import kafka, processes, redis
from infra.local.home import PROJECT, Home
from schemas.topics import EVENTS

BATCH: Final = 20
CONNECTIONS: Final = 16
KEY: Final = "bench-key"


def request_bytes(number: int) -> bytes:
    """A batch of one reader's events, about 5 KB; no two events of a run have the same id."""
    at_ms = time.time_ns() // 1_000_000
    events = [
        {
            "event_id": f"bench-{os.getpid()}-{number}-{each}",
            "type": "scroll",
            "occurred_at_ms": at_ms - each,
            "session_id": f"reader-{number % 300}",
            "content_id": "article-17",
            "content_type": "article",
            "page_url": "https://site.example/articles/17",
            "value": each / BATCH,
            "context": {"language": "de", "rtt_ms": 80, "viewport_w": 390, "viewport_h": 844},
        }
        for each in range(BATCH)
    ]
    body = msgspec.json.encode({"sent_at_ms": at_ms, "events": events})
    head = (
        f"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nx-write-key: {KEY}\r\ncontent-length: {len(body)}\r\n"
        "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
    )
    return head.encode() + body


async def load(port: int, seconds: float) -> dict[str, Any]:
    """Requests are made as they are sent: the generator has a core of its own, and its work is the same for both."""
    took_ms: list[float] = []
    statuses: Counter[int] = Counter()
    numbers = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            sent = request_bytes(next(numbers))
            began = time.perf_counter()
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took_ms.append((time.perf_counter() - began) * 1000)
            statuses[int(head[9:12])] += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    took_s = time.perf_counter() - began
    good = statuses[200] + statuses[202]
    return {
        "events_per_s": round(good * BATCH / took_s),
        "acknowledged": good * BATCH,
        "statuses": {str(status): count for status, count in statuses.items()},
        "p50_ms": round(quantiles(took_ms, n=100)[49], 2),
        "p99_ms": round(quantiles(took_ms, n=100)[98], 2),
    }


async def echo(request: Request) -> Response:
    return Response(await request.body(), 200)


def serve_echo(port: int) -> None:
    app = Starlette(routes=[Route("/v1/events", echo, methods=["POST"])])
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning", proxy_headers=False
    )


def generate(port: int, seconds: float) -> Any:
    argv = [sys.executable, "-m", "infra.bench.collector", "--load", str(port), "--seconds", str(seconds)]
    return json.loads(subprocess.run(argv, cwd=PROJECT, stdout=subprocess.PIPE, check=True).stdout)


@contextmanager
def served(argv: list[str], port: int, environ: dict[str, str], home: Home) -> Iterator[None]:
    log = home.log(f"served-{port}")
    service = processes.start(argv, log, {**os.environ, "PYTHONPATH": str(PROJECT), **environ}, {"http": port})
    try:
        processes.wait_until(lambda: processes.listens(port), argv[2], service, log)
        yield
    finally:
        processes.stop(service)


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """The median of so many rounds of each, taken in turns; the topic's own count checks what was acknowledged."""
    with tempfile.TemporaryDirectory(prefix="microadjust-bench-") as folder:
        home = Home(Path(folder))
        broker, store = kafka.start(home, 0, 0), redis.start(home, 0)
        try:
            bootstrap = f"127.0.0.1:{broker.ports['broker']}"
            kafka.create_topics(bootstrap)
            gateway_port, echo_port = processes.free_port(0), processes.free_port(0)
            environ = {
                "MICROADJUST_HOME": folder,
                "MICROADJUST_BOOTSTRAP": bootstrap,
                "MICROADJUST_GATEWAY_PORT": str(gateway_port),
                "MICROADJUST_GATEWAY_REDIS_URL": f"redis://127.0.0.1:{store.ports['redis']}/0",
                "MICROADJUST_GATEWAY_TICKS": "0",
                "MICROADJUST_GATEWAY_IP_REQUESTS_PER_S": "1000000",
                **{
                    f"MICROADJUST_GATEWAY_{name}": "100000000"
                    for name in ("IP_EVENTS_PER_S", "IP_BYTES_PER_S", "KEY_EVENTS_PER_S")
                },
                "MICROADJUST_WRITE_KEYS": f"bench:{KEY}",
            }
            python = [sys.executable, "-m"]
            found: dict[str, list[Any]] = {"collector": [], "echo": []}
            with (
                served([*python, "infra.cli", "gateway"], gateway_port, environ, home),
                served([*python, "infra.bench.collector", "--echo", str(echo_port)], echo_port, {}, home),
            ):
                generate(gateway_port, 2.0)
                before = sum(end_offsets(bootstrap, EVENTS.name).values())
                for _ in range(rounds):
                    found["collector"].append(generate(gateway_port, seconds))
                    found["echo"].append(generate(echo_port, seconds))
                stands = sum(end_offsets(bootstrap, EVENTS.name).values()) - before
        finally:
            processes.stop(store)
            processes.stop(broker)
    rates = {name: [run["events_per_s"] for run in runs] for name, runs in found.items()}
    middle = {name: runs[rates[name].index(median_low(rates[name]))] for name, runs in found.items()}
    return {
        **middle,
        "share_of_echo": round(middle["collector"]["events_per_s"] / middle["echo"]["events_per_s"], 3),
        "acknowledged": sum(run["acknowledged"] for run in found["collector"]),
        "on_the_topic": stands,
        "rounds": rates,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.echo:
        serve_echo(given.echo)
    elif given.load:
        print(json.dumps(asyncio.run(load(given.load, given.seconds))))
    else:
        print(json.dumps(measure(given.seconds, given.rounds), indent=2))


if __name__ == "__main__":
    main()
