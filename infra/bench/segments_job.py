"""Measures segments through the whole job: planted readers, feature log, `microadjust learn`, session state and Redis."""

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final

import msgspec
from redis import Redis

from infra.kafka.accounting import Accountant
from infra.kafka.compacted import newest_values
from infra.kafka.reading import Offsets, TopicReader, end_offsets
from infra.local import flink, processes, stack
from infra.local.home import PROJECT, Home, StackRecord
from infra.local.stack import Stack
from infra.local.submit import submit
from infra.redis import keys
from infra.simulate.groups import SESSION_S, Group, plans, recorded
from infra.simulate.reader import Plan
from infra.simulate.replay import Replay
from models.segments.agreement import adjusted_rand
from schemas.control_acks import ControlAck
from schemas.segments import Segment
from schemas.session_state import SessionState
from schemas.topics import CONTROL_ACKS, EVENTS, FEATURES, SEGMENTS, SESSION_STATE

SEED: Final = 461
"""Of the readers that are judged. The groups of `infra/simulate/groups.py` were drawn up on seed 1."""

TAUGHT: Final = 220
"""Readers that the first segments are learnt from; later ones are placed."""

EVERY_S: Final = 8.0
PAUSE_S: Final = 2_400.0
"""Between the two: every session of the first has ended."""

REFRESH_ROWS: Final = 200
TIMEOUT_S: Final = 900.0
BACK_MS: Final = 6 * 3_600_000


def measure(sessions: int, seed: int = SEED) -> list[str]:
    """Returns what to print."""
    home = Home(Home.from_env().path / "groups")
    try:
        on = stack.up(home, with_redis=True, progress=lambda line: print(line, file=sys.stderr))
        flags = ["--feature-log", "on", "--startup", "earliest", "--checkpoint-ms", "2000"]
        flink.wait_for_job(on.rest_port, submit(on, "adjust", flags), timeout_s=600.0)
        begin_ms = (time.time_ns() // 1_000_000 - BACK_MS) // 60_000 * 60_000
        first = plans(seed, TAUGHT, 0.0, EVERY_S)
        begin_s = TAUGHT * EVERY_S + SESSION_S + PAUSE_S
        second = plans(seed + 1, sessions, begin_s, EVERY_S)
        with _projector(on):
            _replay(on, first, begin_ms, seed)
            _learn(on)
            in_force = _acknowledged(on)
            _replay(on, second, begin_ms, seed + 1)
            _learn(on)
            return [
                f"{len(in_force)} segments in force for {len(second)} readers: {', '.join(in_force)}",
                *_agreement(on, second),
                _kept(on),
            ]
    finally:
        stack.down(home)


def _replay(on: Stack, drawn: list[tuple[Plan, Group]], begin_ms: int, seed: int) -> None:
    accountant = Accountant(on.bootstrap)
    sent = Replay(on.bootstrap, EVENTS.name, 0).run(recorded(drawn, begin_ms, seed)).sent
    account = accountant.wait_until_accounted(sent, 120.0)
    print(f"{sent} events: {account}", file=sys.stderr)
    # What the last windows led to is committed with the next checkpoint.
    before: Offsets = {}
    while (ends := end_offsets(on.bootstrap, FEATURES.name)) != before:
        before = ends
        time.sleep(8.0)


def _learn(on: Stack) -> None:
    argv = [sys.executable, "-m", "infra.cli", "learn", "--once", "--look-back-minutes", "0"]
    argv += ["--refresh-rows", str(REFRESH_ROWS), "--bootstrap", on.bootstrap]
    subprocess.run(argv, cwd=PROJECT, check=True, stdout=sys.stderr)


def _acknowledged(on: Stack) -> dict[str, str]:
    """The names of the segments in words, by id, once the job has taken all of them up."""
    wanted = {
        segment.segment_id: segment
        for segment in (msgspec.json.decode(value, type=Segment) for value in newest_values(on.bootstrap, SEGMENTS.name).values())
    }  # fmt: skip
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        acks = [
            msgspec.json.decode(value, type=ControlAck)
            for value in newest_values(on.bootstrap, CONTROL_ACKS.name).values()
        ]
        taken = {ack.id: ack.version for ack in acks if ack.kind == "segment" and ack.refused is None}
        if all(taken.get(name) == segment.version for name, segment in wanted.items()):
            return {name: segment.name for name, segment in wanted.items()}
        time.sleep(1.0)
    raise processes.StackError("the job has not acknowledged the segments: see Flink's logs")


def _agreement(on: Stack, drawn: list[tuple[Plan, Group]]) -> Iterator[str]:
    """ARI of the segment that stands in each reader's session state with his group; and whether Redis says the same."""
    planted = {plan.session_id: group.name for plan, group in drawn}
    states = {
        key.decode(): msgspec.json.decode(value, type=SessionState)
        for key, value in newest_values(on.bootstrap, SESSION_STATE.name).items()
        if key.decode() in planted
    }
    placed = {name: state.segment for name, state in states.items() if state.segment is not None}
    agreement = adjusted_rand(list(placed.values()), [planted[name] for name in placed])
    yield f"session-state.v1: {len(placed)} of {len(planted)} readers placed, ARI {agreement:.3f}"
    redis: Any = Redis(port=StackRecord.read(on.home).services["redis"].ports["redis"])
    end = time.monotonic() + 60.0
    while True:
        told = {name: redis.hgetall(keys.session(name)) for name in placed}
        same = sum(fields.get(b"segment") == msgspec.json.encode(placed[name]) for name, fields in told.items())
        if same == len(placed) or time.monotonic() > end:
            break
        time.sleep(1.0)
    yield f"Redis: the same segment for {same} of {len(placed)}"
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, segment in placed.items():
        table[planted[name]][segment] += 1
    for group, found in sorted(table.items()):
        yield f"  {group}: " + ", ".join(f"{count} {segment}" for segment, count in sorted(found.items()))


def _kept(on: Stack) -> str:
    """Ids kept from refresh to refresh, by the versions that stand on segments.v1."""
    versions: dict[int, set[str]] = defaultdict(set)
    with TopicReader(on.bootstrap, SEGMENTS.name) as reader:
        for record in reader.read_to_end():
            if record.value is not None:
                segment = msgspec.json.decode(record.value, type=Segment)
                versions[segment.version].add(segment.segment_id)
    ids = [versions[each] for each in sorted(versions)]
    kept, there = sum(len(a & b) for a, b in pairwise(ids)), sum(len(each) for each in ids[:-1])
    return f"segments.v1: {kept / there:.1%} of ids kept over {len(ids) - 1} refreshes"


@contextmanager
def _projector(on: Stack) -> Iterator[None]:
    port = StackRecord.read(on.home).services["redis"].ports["redis"]
    environ = flink.environment(on.home) | {
        "MICROADJUST_GATEWAY_REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "MICROADJUST_BOOTSTRAP": on.bootstrap,
    }
    argv = [sys.executable, "-m", "infra.cli", "projector"]
    process = subprocess.Popen(argv, cwd=PROJECT, env=environ, stdout=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30.0)
