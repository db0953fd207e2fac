"""Runs all benchmarks in turn and writes results.json and the chart: `make bench`, about an hour and a half."""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.bench import chart
from infra.local import flink, stack
from infra.local.home import PROJECT, Home
from infra.local.submit import submit

RESULTS = Path(__file__).resolve().parent / "results.json"


ALL = ("throughput", "forest", "latency", "growth", "recovery", "start_up", "judgement", "real_recordings")


def run(module: str, *options: str) -> Any:
    """Runs one benchmark in a process of its own and returns what it prints, parsed."""
    print(f"== {module} {' '.join(options)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"infra.bench.{module}", *options], cwd=PROJECT, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def start_up() -> dict[str, float]:
    """Seconds from nothing to a running job, on a machine where everything is installed."""
    home = Home.from_env()
    stack.down(home)
    began = time.monotonic()
    running = stack.up(home)
    up = time.monotonic()
    job_id = submit(running, "adjust", ["--startup", "latest", "--group-id", f"start-up-{int(time.time())}"])
    submitted = time.monotonic()
    flink.wait_for_job(running.rest_port, job_id)
    runs = time.monotonic()
    flink.stop_job(running.rest_port, job_id, savepoint=False)
    return {"stack": round(up - began, 1), "submit": round(submitted - up, 1), "job": round(runs - submitted, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"comma separated: {', '.join(ALL)}")
    parser.add_argument("--rounds", default="3")
    given = parser.parse_args()
    wanted = set(given.only.split(",")) if given.only else set(ALL)
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results["machine"] = f"{os.cpu_count()} cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GB"
    results["date"] = datetime.now(UTC).date().isoformat()
    if "throughput" in wanted:
        found = run("throughput", "--rounds", given.rounds)
        results["throughput_events_s"] = found["events_per_s"]
        results["job_is_times"] = found["job_is_times"]
        results["cpu_us_per_event"] = found["cpu_us_per_event"]
        results["rounds"] = {name: [each["per_s"] for each in rounds] for name, rounds in found["rounds"].items()}
        _write(results)
    if "forest" in wanted:
        found = run("forest")
        results["forest_us_single"] = found["score_us"]["median"]
        results["forest"] = found
        _write(results)
    if "latency" in wanted:
        found = run("latency")
        results |= {name: found[name] for name in ("fast_lane_ms", "window_lane_ms", "kafka_alone_ms")}
        _write(results)
    if "growth" in wanted:
        found = run("growth")
        results["state_bytes_per_session"] = {str(each["sessions"]): each["bytes_per_session"] for each in found}
        results["growth"] = found
        _write(results)
    if "recovery" in wanted:
        results["recovery_s"] = run("recovery")["recovery_s"]
        _write(results)
    if "start_up" in wanted:
        results["start_up_s"] = start_up()
        _write(results)
    for module in ("judgement", "real_recordings"):
        if module in wanted:
            # Written as it comes.
            results[module] = run(module)
            _write(results)
    chart.main()
    stack.down(Home.from_env())
    print(json.dumps(results, indent=2))


def _write(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
