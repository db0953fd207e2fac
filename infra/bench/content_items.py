"""Measures what content items cost the job's checkpoints: `.venv/bin/python -m infra.bench.content_items --items 10000`.

Needs a running stack (`microadjust up`) with an adjust job; writes items to the stack's content.v1 and deletes them at the end.
"""

import argparse
import json
import statistics
import time
from typing import Any

from infra.kafka.blocking_producer import BlockingProducer
from infra.local import flink, stack
from infra.local.home import Home
from infra.local.stack import Stack
from schemas.topics import CONTENT

SECONDS = 20.0
"""How long checkpoints are watched each time."""


def item(number: int) -> bytes:
    """An article with three variants and eight sections."""
    return json.dumps(
        {
            "content_id": f"bench-{number}",
            "title": f"Article {number} of the bench",
            "language": "en",
            "words": 640 + number % 400,
            "reading_level": {"score": 41.5, "method": "lix"},
            "variants": [{"variant": name, "language": "en", "words": 300} for name in ("simple", "detailed")]
            + [{"variant": "french", "language": "fr", "words": 700}],
            "sections": [{"id": f"s{part}", "words": 80} for part in range(8)],
        }
    ).encode()


def checkpoints(on: Stack, job_id: str) -> dict[str, Any]:
    """Median and longest duration, and greatest size, of the checkpoints of the next seconds."""
    time.sleep(SECONDS)
    history = flink.get(on.rest_port, f"/jobs/{job_id}/checkpoints", 20.0)["history"]
    since_ms = (time.time() - SECONDS) * 1000
    found = [each for each in history if each["status"] == "COMPLETED" and each["trigger_timestamp"] >= since_ms]
    durations = [each["end_to_end_duration"] for each in found]
    return {
        "checkpoints": len(found),
        "median_ms": statistics.median(durations),
        "longest_ms": max(durations),
        "state_bytes": max(each["state_size"] for each in found),
    }


def _write(on: Stack, items: int, delete: bool) -> float:
    began_s = time.monotonic()
    producer = BlockingProducer(on.bootstrap, linger_ms=5)
    for number in range(items):
        producer.send(CONTENT.name, None if delete else item(number), f"bench-{number}".encode())
    producer.finish()
    return time.monotonic() - began_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    given = parser.parse_args()
    on = stack.running(Home.from_env())
    running = [each for each in flink.get(on.rest_port, "/jobs/overview", 20.0)["jobs"] if each["state"] == "RUNNING"]
    job_id = next((each["jid"] for each in running if each["name"] == "adjust"), None)
    if job_id is None:
        parser.error("no job named adjust runs on this stack: microadjust submit adjust")
    print(json.dumps({"items": 0, **checkpoints(on, job_id)}))
    try:
        seconds = _write(on, given.items, delete=False)
        print(json.dumps({"items": given.items, "written_s": round(seconds, 1), **checkpoints(on, job_id)}))
        print(json.dumps({"items": given.items, **checkpoints(on, job_id)}))
    finally:
        _write(on, given.items, delete=True)


if __name__ == "__main__":
    main()
