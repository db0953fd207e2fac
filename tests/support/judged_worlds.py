"""Judges worlds through the job's own operators, without Kafka and Flink.

`python -m tests.support.judged_worlds TRIAL WORLDS SEEDS READERS [EARLIER]` prints one line per world. TRIAL is null, new,
small, planted (or mixed) or early (`infra/simulate/worlds/trials.py`); WORLDS and SEEDS are separated by commas; EARLIER readers
make the site known (60).
"""

import sys
from collections.abc import Iterable, Iterator
from multiprocessing import Pool
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from infra.simulate.arbitration import DEFAULT_BUDGETS
from infra.simulate.ground_truth import Episode
from infra.simulate.judging import Judgement, Span, judge
from infra.simulate.worlds.recording import BEGIN_MS, EARLIER, WorldRecording
from infra.simulate.worlds.slices import timeline
from infra.simulate.worlds.trials import EARLIER_READERS, trial
from jobs.adjust import load_rules
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_statistics import CARD_MS
from schemas.rules import Rule
from tests.support.builders import forest_card, forest_model
from tests.support.flink_fakes import Running
from tests.support.world_windows import ITEMS, SLICES, WINDOW_MS, Arrival, site_windows
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import session_key
from udfs.site_cards import SiteCards
from udfs.window_commands import WindowCommands

SLICE_MS: Final = WINDOW_MS // SLICES
TRAIL_MS: Final = 210_000
"""Event time goes on so long after the last event, as in a replay."""


class Trial(NamedTuple):
    """What was planted in recordings, what was commanded, and the sessions to judge."""

    episodes: list[Episode]
    commands: list[dict[str, Any]]
    spans: dict[str, Span]

    def judgement(self) -> Judgement:
        return judge(self.episodes, self.commands, self.spans)


def item_words() -> dict[str, int]:
    """Lengths of the worlds' items, drawn whatever their readers do. The median is the one at which the median reader of S3, seed
    21, has a pace of 1: 98 s a page at 238 words a minute."""
    random = np.random.default_rng(1)
    return {f"item-{number}": round(390 * float(np.exp(random.normal(0.0, 0.4)))) for number in range(ITEMS)}


def commands_of(arrivals: Iterable[Arrival], rules: tuple[Rule, ...] | None = None) -> Iterator[dict[str, Any]]:
    """Yields what the arbiter commands of what the operator of the windows proposes, with the cards of the operator that makes
    them, in event time."""
    rules = load_rules("") if rules is None else rules
    # No shipped rule asks a forest: any will do.
    forest = forest_model()
    no_refits, cards = RefitSchedule(0, 0), RefitSchedule(CARD_MS, LEAD_MS)
    site = Running(SiteCards(cards.every_ms, cards.lead_ms, False))
    windows = Running(
        WindowCommands(rules, forest, forest_card(forest), no_refits, cards, WINDOW_MS, SLICE_MS, False, False)
    )

    for item, words in item_words().items():
        windows.broadcast(("content", item, f'1 {{"content_id": "{item}", "words": {words}}}'))
    arbiter = Running(ArbiterFunction(DEFAULT_BUDGETS, False, False))

    def decided(changes: Iterable[Any]) -> Iterator[dict[str, Any]]:
        for key, change in changes:
            yield from map(_decoded, arbiter.send(key, change))

    def advance(watermark: int) -> Iterator[dict[str, Any]]:
        for made in site.advance(watermark):
            windows.broadcast(made)
        yield from decided(windows.advance(watermark))
        yield from map(_decoded, arbiter.advance(watermark))

    last_ms = 0
    for end_ms, rows in site_windows(arrivals):
        # What fires between two ends of windows fires before the rows of the next.
        for between_ms in range(last_ms + SLICE_MS if last_ms else end_ms, end_ms, SLICE_MS):
            yield from advance(between_ms)
        for _, _, row in rows:
            for made in site.send("site", row):
                windows.broadcast(made)
        for session_id, row, _ in rows:
            yield from decided(windows.send(session_key(session_id), row))
        yield from advance(end_ms)
        last_ms = end_ms
    for end_ms in range(last_ms + SLICE_MS, last_ms + TRAIL_MS + 1, SLICE_MS):
        yield from advance(end_ms)


def _decoded(record: Any) -> dict[str, Any]:
    command: dict[str, Any] = msgspec.json.decode(record[1])
    return command


def run(recording: WorldRecording) -> Trial:
    """Runs a recording; the readers that came before are not to be judged."""
    arrivals, spans, episodes = [], {}, []
    for session_id, offset_ms, reader, episode in recording.cohort():
        begin_ms = BEGIN_MS + round(offset_ms)
        arrivals.append(Arrival(session_id, begin_ms, reader))
        if session_id.startswith(EARLIER):
            continue
        times = [at_ms for at_ms, *_ in timeline(reader)]
        spans[session_id] = Span(begin_ms + times[0], begin_ms + times[-1])
        episodes += [] if episode is None else [episode]
    return Trial(episodes, list(commands_of(arrivals)), spans)


def together(trials: Iterable[Trial]) -> Trial:
    """Several recordings, whose sessions have different ids, as one."""
    every = list(trials)
    return Trial(
        [episode for each in every for episode in each.episodes],
        [command for each in every for command in each.commands],
        {session: span for each in every for session, span in each.spans.items()},
    )


def line(world: str, found: Judgement) -> str:
    """One line about a world, all seeds together."""
    wrong = {rule.rule: rule.without_cause for rule in found.rules if rule.without_cause}
    wrong = dict(sorted(wrong.items(), key=lambda item: -item[1]))
    hours = found.reader_hours
    rate, early = found.without_cause / hours, found.early_without_cause / found.readers
    if not found.planted:
        rates = {rule: round(count / hours, 3) for rule, count in wrong.items()}
        return f"{world} {hours:.0f} h {rate:.3f} early {early:.3f} {rates}"
    changes = {
        each.change: (round(each.recall, 2), each.median_delay_s and round(each.median_delay_s))
        for each in found.changes
    }
    return (
        f"{world} {found.readers} recall {found.recall:.3f} delay {found.median_delay_s or 0:.0f} precision"
        f" {found.precision or 0:.3f} wrong/h {rate:.3f} early {early:.3f} {changes} {wrong}"
    )


def _run(given: tuple[str, str, int, int, int]) -> Trial:
    return run(trial(*given))


def main() -> None:
    kind, worlds, seeds, readers = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(","), int(sys.argv[4])
    earlier = int(sys.argv[5]) if len(sys.argv) > 5 else EARLIER_READERS
    kind = "planted" if kind == "mixed" else kind
    with Pool(2) as pool:
        found = pool.imap(_run, [(kind, world, int(seed), readers, earlier) for world in worlds for seed in seeds])
        for world in worlds:
            print(line(world, together(next(found) for _ in seeds).judgement()), flush=True)


if __name__ == "__main__":
    main()
