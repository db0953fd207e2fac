"""Measures how many crawlers and how many people the gateway takes for bots. `.venv/bin/python -m infra.bench.crawlers`

Lists: the one that the gateway uses; Crawler-Detect's, which other people keep (a copy lies with the tests; `--list` names
another, one agent a line); and the devices of ua-parser's own tests, none of which is a bot.
"""

import argparse
import gzip
import json
import time
from pathlib import Path

import crawleruseragents
import yaml

from infra.gateway.ingest.devices import device_of
from infra.local.home import PROJECT
from infra.simulate.converters.shared import shared_data

OTHER_LIST = PROJECT / "tests" / "unit" / "gateway" / "data" / "crawlers.txt.gz"


def read_lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines()


def devices() -> list[str]:
    """The agents of ua-parser's tests of devices that are no spiders; none without the shared data."""
    path = shared_data() / "ua-parser" / "tests" / "test_device.yaml"
    if not path.exists():
        return []
    cases = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["test_cases"]
    return [each["user_agent_string"] for each in cases if each["family"] != "Spider"]


def result(agents: list[str]) -> dict[str, float]:
    device_of("compiles the list")
    device_of.cache_clear()
    began_s = time.perf_counter()
    bots = sum(device_of(each).get("device") == "bot" for each in agents)
    elapsed_s = time.perf_counter() - began_s
    return {
        "agents": len(agents),
        "bots": bots,
        "percent": round(100 * bots / max(1, len(agents)), 2),
        "us_each": round(1e6 * elapsed_s / max(1, len(agents)), 1),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--list", type=Path, default=OTHER_LIST, help="crawlers' user agents, one a line")
    given = options.parse_args()
    own = [each for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for each in entry.get("instances", [])]
    results = {"crawler-user-agents": result(own), given.list.name: result(read_lines(given.list))}
    print(json.dumps({**results, "devices of ua-parser": result(devices())}, indent=2))


if __name__ == "__main__":
    main()
