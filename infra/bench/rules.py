"""Measures what rules cost a row of the job: one rule against 500 in force. `.venv/bin/python -m infra.bench.rules`

The rows are the windows of a reader of world S4. "row" is what the session lane does with each in models: it reads the
session's habits and decisions from their texts, judges the window, evaluates all rules and writes both back; SQL, crossing, keyed
state and sinks come on top. The
expressions are random, over all that the lane knows. One run measures both in
turn, several times, and takes the least time of each row: what other processes take is no cost of rules.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final

import msgspec
import numpy as np

from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.slices import slices
from infra.simulate.worlds.windows import WINDOW_SLICES, minute_windows
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES
from models.judgement.presence import SLICE_MS
from models.judgement.session_readings import SessionReadings
from models.judgement.site_card import SiteView, shipped_card
from models.rules.compiled import CompiledRule
from models.rules.evaluation import Moment, Subject, evaluate_rules
from models.rules.screening import screen_of
from models.rules.signals import Signals
from models.rules.variables import lane_features, rule_environment
from models.state_records import DecisionState
from schemas.commands import Target
from schemas.rules import Effect, Rule, RuleError
from udfs.crossing_rows import DEPTH_STEPS, SessionWindow

NAN: Final = float("nan")
Row = tuple[list[float], list[str | None]]
LENGTH_MS: Final = 1_800_000
BEGIN_MS: Final = 1_760_000_400_000
_VECTOR: Final = [each.name for each in lane_features("session_window").values() if each.index is not None]
_BESIDE: Final = [each.name for each in lane_features("session_window").values() if each.index is None]


def windows(seed: int) -> list[Row]:
    """All windows of a reader, as they cross from SQL: numbers and texts."""
    reader = WORLDS["S4"].make(np.random.default_rng(seed), LENGTH_MS)
    own, found = slices(reader), []
    for window in minute_windows(reader):
        last = window.end_ms // SLICE_MS - 1
        numbers = [number for number in range(last - WINDOW_SLICES + 1, last + 1) if number in own]
        wholes = np.sum([own[number].values for number in numbers], axis=0).tolist()
        end, newest = BEGIN_MS + window.end_ms, BEGIN_MS + numbers[-1] * SLICE_MS
        times = [
            end,
            end - 60_000,
            newest,
            newest,
            newest,
            end - 1_000,
            NAN,
            newest * DEPTH_STEPS + 5_000,
            len(numbers),
            0,
        ]
        values = [*map(float, times), *window.values, *wholes, *[0.0] * len(HABIT_NAMES)]
        found.append((values, ["s1", None, "c1", "news", None, "desktop", None]))
    return found


def expressions(seed: int) -> Iterator[str]:
    """Two to four comparisons each; most hold of some windows."""
    random = Random(seed)

    def part() -> str:
        name = random.choice(_VECTOR)
        match random.randint(0, 9):
            case 0 | 1 | 2:
                return f"{name} {random.choice('<>')} {random.choice((0.0, 1.0, 3.0, 10.0, 1000.0))!r}"
            case 3 | 4:
                return f"{random.choice(_BESIDE)} {random.choice('<>')} {random.choice((0.5, 1.0, 20000.0))!r}"
            case 5:
                return f"change({name}) {random.choice(('<= -0.2', '> 0.5'))}"
            case 6:
                return f"z({name}) {random.choice(('< -2.0', '> 3.0'))}"
            case 7:
                return f"nats({name}, '{random.choice(('up', 'down'))}') >= {random.choice((2.0, 5.0))!r}"
            case 8:
                return f"context.device {random.choice(('==', '!='))} 'phone'"
        return f"{name} / {random.choice(_VECTOR)} > 0.5"

    while True:
        yield " && ".join(part() for _ in range(random.randint(2, 4)))


def compiled(count: int, seed: int) -> list[CompiledRule]:
    """Leaves out the random expressions that could never hold, which are refused."""
    found: list[CompiledRule] = []
    for text in expressions(seed):
        with suppress(RuleError):
            rule = Rule(f"r{len(found)}", 1, "", "session_window", Effect("simplify"), if_=text, cooldown_s=3_600)
            found.append(CompiledRule(rule))
        if len(found) == count:
            break
    return found


def row(rules: Sequence[CompiledRule], view: SiteView) -> Callable[[bytes, str, Row], tuple[bytes, str, float]]:
    """What becomes of a window: decisions and habits after it, and the seconds that the rules took."""
    screen, subject = screen_of(rules, "session_window"), Subject(Target("session", "s1"), "s1", None, "c1")

    def judge(memory: bytes, text: str, crossed: Row) -> tuple[bytes, str, float]:
        window = SessionWindow.from_crossing(*crossed)
        judged = JudgedSession.from_text(text) if text else JudgedSession()
        judged.on_window(window, view)
        signals = Signals(window.values, SessionReadings(judged, view, window.values, window.wholes))
        signals.scalars = {"silence_ms": 1_000.0, "coverage": 1.0, "page_depth": window.page_depth}
        signals.attributes = {"device": window.device, "content_type": window.main_type}
        state = msgspec.json.decode(memory, type=DecisionState) if memory else DecisionState()
        moment = Moment(window.end_ms, f"window:{window.end_ms}")
        begin = time.perf_counter()
        evaluate_rules(rules, signals, lambda: subject, state, moment, lambda name: None, screen)
        took = time.perf_counter() - begin
        return msgspec.json.encode(state), judged.to_text(), took

    return judge


Times = tuple[list[float], list[float]]


def measure(rules: Sequence[CompiledRule], rows: Sequence[Row], view: SiteView) -> Times:
    """Seconds by row: the whole, and the rules alone."""
    judge, text, memory = row(rules, view), "", b""
    wholes, alone = [], []
    for window in rows:
        begin = time.perf_counter()
        memory, text, took = judge(memory, text, window)
        wholes.append(time.perf_counter() - begin)
        alone.append(took)
    return wholes, alone


def least_us(times: list[list[float]]) -> float:
    """µs a row, of the least times."""
    least: list[float] = [min(each) for each in zip(*times, strict=True)]
    return sum(least) / len(least) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    card = shipped_card()
    view = SiteView(card, card.level, card.level)
    rows = windows(options.seed)
    begin = time.perf_counter()
    many = compiled(options.rules, options.seed)
    compiling_ms = (time.perf_counter() - begin) * 1e3
    one = [many[0]]
    found: dict[str, list[Times]] = {"one": [], "many": []}
    for _ in range(options.rounds):
        found["one"].append(measure(one, rows, view))
        found["many"].append(measure(many, rows, view))
    one_us, many_us = (least_us([whole for whole, _ in found[name]]) for name in ("one", "many"))
    rules_us = least_us([alone for _, alone in found["many"]])
    result: dict[str, Any] = {
        "rules": options.rules,
        "rows": len(rows),
        "variables": len(rule_environment("session_window").variables),
        "row_with_one_rule_us": round(one_us, 1),
        "row_with_all_rules_us": round(many_us, 1),
        "all_rules_alone_us": round(rules_us, 1),
        "ratio": round(many_us / one_us, 2),
        "compiling_all_ms": round(compiling_ms, 1),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
