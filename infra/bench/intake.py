"""Compares the intake of two checkouts: requests a second. `.venv/bin/python -m infra.bench.intake --against DIR`

In process and without Kafka, and by processor time, so that other work on the machine counts less. The same requests go in turn
through either checkout, each in a process of its own, and the ratio of the medians is printed. Batches follow the contract; the
third kind has an odd field in each event.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from infra.local.home import PROJECT

ROUNDS: Final = 7
REQUESTS: Final = 150
EVENTS: Final = 20
CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


def bodies(kind: str, number: int) -> tuple[str, bytes]:
    """A path and a body with events that nobody has sent before."""
    now_ms = time.time_ns() // 1_000_000
    ids = [f"{kind}-{number}-{index}-{now_ms}" for index in range(EVENTS)]
    if kind == "segment":
        messages = [
            {"type": "track", "anonymousId": "anna", "messageId": each, "event": "Teaser Clicked",
             "properties": {"content_id": "kites", "placement": "recommended", "position": 3}} for each in ids
        ]  # fmt: skip
        return "/v1/batch", json.dumps({"batch": messages}).encode()
    odd: dict[str, Any] = {"user_id": 90210} if kind == "odd" else {}
    events = [
        {"event_id": each, "type": "click", "session_id": "anna", "occurred_at_ms": now_ms - 100, "content_id": "kites",
         "page_url": "https://site.example/kites", "element": "a.teaser", "x": 0.5, "y": 0.25,
         "properties": {"name": "teaser", "position": "3"}, "context": {"viewport_w": 1280, "language": "de"}, **odd}
        for each in ids
    ]  # fmt: skip
    return "/v1/events", json.dumps({"events": events, "sent_at_ms": now_ms}).encode()


async def measure(kind: str) -> float:
    """Requests a second of processor time of the checkout on the path, median of the rounds."""
    import httpx

    from infra.gateway.app import create_app
    from tests.support.credentials import WRITE_KEY
    from tests.support.gateway_in_process import RecordingProducer, settings, unreachable_redis

    producer = RecordingProducer()
    limits = {"ip_requests_per_s": 1e9, "ip_burst": 10**9, "key_events_per_s": 1e9, "key_burst": 10**9}
    app = create_app(settings(**limits), producer, unreachable_redis())
    headers = {"x-write-key": WRITE_KEY, "user-agent": CHROME, "content-type": "application/json"}
    rates = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.example") as client:
        for turn in range(ROUNDS + 1):
            prepared = [bodies(kind, turn * REQUESTS + number) for number in range(REQUESTS)]
            began_s = time.process_time()
            for path, body in prepared:
                response = await client.post(path, content=body, headers=headers)
                assert response.status_code in (200, 202), response.text
            rates.append(REQUESTS / (time.process_time() - began_s))
            producer.sent.clear()
    # The first round warms up.
    return statistics.median(rates[1:])


def ask(checkout: Path, kind: str) -> float:
    argv = [sys.executable, str(Path(__file__).resolve()), "--measure", kind]
    environ = {"PYTHONPATH": str(checkout), "PATH": "/usr/bin:/bin"}
    return float(subprocess.run(argv, cwd=checkout, env=environ, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--against", type=Path, help="a checkout of the project to compare with, such as a worktree of main"
    )
    options.add_argument("--measure", choices=("native", "segment", "odd"), help=argparse.SUPPRESS)
    options.add_argument("--turns", type=int, default=3)
    given = options.parse_args()
    if given.measure:
        print(asyncio.run(measure(given.measure)))
        return
    for kind in ("native", "segment", "odd"):
        here, there = [], []
        for _ in range(given.turns):
            # An odd field was a rejection before: its own event lane is compared with the one that follows the contract.
            there.append(ask(given.against or PROJECT, "native" if kind == "odd" else kind))
            here.append(ask(PROJECT, kind))
        ours, theirs = statistics.median(here), statistics.median(there)
        print(f"{kind}: {ours:.0f} requests/s of {EVENTS} events, {theirs:.0f} before: ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
