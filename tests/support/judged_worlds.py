"""Judges worlds through the job's own operators, without Kafka and Flink.

`python -m tests.support.judged_worlds TRIAL WORLDS SEEDS READERS [EARLIER] [--models]` prints two lines per world. TRIAL is
null, new, small, planted (or mixed) or early (`infra/simulate/worlds/trials.py`); WORLDS and SEEDS are separated by commas;
EARLIER readers make the site known (60). With `--models` a length, a tone, a combination of detectors and two segments are in
force and the feature log is written: what models ask for is counted apart, since nothing that is planted is its cause.
"""

import sys
from collections.abc import Iterable, Iterator
from multiprocessing import Pool
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from infra.simulate.arbitration import DEFAULT_BUDGETS
from infra.simulate.ground_truth import Episode, commands_that_change
from infra.simulate.judging import Judgement, Span, judge
from infra.simulate.worlds.recording import BEGIN_MS, EARLIER, WorldRecording
from infra.simulate.worlds.slices import timeline
from infra.simulate.worlds.trials import EARLIER_READERS, trial
from jobs.adjust import load_rules
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_statistics import CARD_MS
from schemas.rules import Rule
from tests.support.announced_models import announced_anomaly, announced_length, announced_tone
from tests.support.builders import forest_card, forest_model
from tests.support.flink_fakes import Running
from tests.support.segment_records import segment_record
from tests.support.world_windows import ITEMS, SLICES, WINDOW_MS, Arrival, site_windows
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import FEATURE_PREFIX, session_key
from udfs.site_cards import SiteCards
from udfs.window_commands import WindowCommands

SLICE_MS: Final = WINDOW_MS // SLICES
TRAIL_MS: Final = 210_000
"""Event time goes on so long after the last event, as in a replay."""


SEGMENTS: Final = (
    segment_record("s1", 8_000.0, "short attention", kind="mobile_short_attention"),
    segment_record("s2", 50_000.0, "long attention", kind="expert"),
)


class Trial(NamedTuple):
    """What was planted in recordings, what was commanded, and the sessions to judge. `sizes` are the characters that the state of
    the window lane took for each session at most."""

    episodes: list[Episode]
    commands: list[dict[str, Any]]
    spans: dict[str, Span]
    sizes: dict[str, int]

    def judgement(self) -> Judgement:
        rules = [each for each in self.commands if each["source"]["kind"] != "model"]
        return judge(self.episodes, rules, self.spans)

    def of_models(self) -> float:
        """Commands that models ask for, by reader and hour."""
        asked = [each for each in commands_that_change(self.commands) if each["source"]["kind"] == "model"]
        hours = sum(span.last_ms - span.first_ms for span in self.spans.values()) / 3_600_000
        return sum(each["session_id"] in self.spans for each in asked) / hours


def item_words() -> dict[str, int]:
    """Lengths of the worlds' items, drawn whatever their readers do. The median is the one at which the median reader of S3, seed
    21, has a pace of 1: 98 s a page at 238 words a minute."""
    random = np.random.default_rng(1)
    return {f"item-{number}": round(390 * float(np.exp(random.normal(0.0, 0.4)))) for number in range(ITEMS)}


def commands_of(
    arrivals: Iterable[Arrival],
    rules: tuple[Rule, ...] | None = None,
    with_models: bool = False,
    sizes: dict[str, int] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yields what the arbiter commands of what the operator of the windows proposes, with the cards of the operator that makes
    them, in event time. Enters the greatest state of each session into `sizes`."""
    rules = load_rules("") if rules is None else rules
    # No shipped rule asks a forest: any will do.
    forest = forest_model()
    no_refits, cards = RefitSchedule(0, 0), RefitSchedule(CARD_MS, LEAD_MS)
    site = Running(SiteCards(cards.every_ms, cards.lead_ms, False))
    windows = Running(
        WindowCommands(
            *(rules, forest, forest_card(forest), no_refits, cards, WINDOW_MS, SLICE_MS, False, False),
            log_features=with_models,
        )
    )
    if with_models:
        for key, body in (
            announced_length(ranges={}, categories={"device": ["mobile", "desktop"]}),
            announced_tone([0.75, 0.2]),
            announced_anomaly(),
        ):
            windows.broadcast(("model", key, body))
        for key, body in SEGMENTS:
            windows.broadcast(("segment", key, body))
    for item, words in item_words().items():
        windows.broadcast(("content", item, f'1 {{"content_id": "{item}", "words": {words}}}'))
    arbiter = Running(ArbiterFunction(DEFAULT_BUDGETS, False, False))

    def decided(changes: Iterable[Any]) -> Iterator[dict[str, Any]]:
        for each in changes:
            # Beside proposals, which have a key, come rows of the feature log.
            if not isinstance(each, tuple) and not each[0].startswith(FEATURE_PREFIX):
                yield from map(_decoded, arbiter.send(*each))

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
        if sizes is not None and end_ms % WINDOW_MS == 0:
            for key, text in windows.flink.values["session-v2"].items():
                sizes[key] = max(sizes.get(key, 0), len(text))
    for end_ms in range(last_ms + SLICE_MS, last_ms + TRAIL_MS + 1, SLICE_MS):
        yield from advance(end_ms)


def _decoded(record: Any) -> dict[str, Any]:
    command: dict[str, Any] = msgspec.json.decode(record[1])
    return command


def run(recording: WorldRecording, with_models: bool = False) -> Trial:
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
    sizes: dict[str, int] = {}
    commands = list(commands_of(arrivals, with_models=with_models, sizes=sizes))
    return Trial(episodes, commands, spans, {name: sizes.get(session_key(name), 0) for name in spans})


def together(trials: Iterable[Trial]) -> Trial:
    """Several recordings, whose sessions have different ids, as one."""
    every = list(trials)
    return Trial(
        [episode for each in every for episode in each.episodes],
        [command for each in every for command in each.commands],
        {session: span for each in every for session, span in each.spans.items()},
        {session: size for each in every for session, size in each.sizes.items()},
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


def _run(given: tuple[str, str, int, int, int, bool]) -> Trial:
    return run(trial(*given[:-1]), given[-1])


def main() -> None:
    with_models = "--models" in sys.argv
    given = [each for each in sys.argv[1:] if each != "--models"]
    kind, worlds, seeds, readers = given[0], given[1].split(","), given[2].split(","), int(given[3])
    earlier = int(given[4]) if len(given) > 4 else EARLIER_READERS
    kind = "planted" if kind == "mixed" else kind
    with Pool(2) as pool:
        asked = [(kind, world, int(seed), readers, earlier, with_models) for world in worlds for seed in seeds]
        found = pool.imap(_run, asked)
        for world in worlds:
            every = together(next(found) for _ in seeds)
            sizes = sorted(every.sizes.values())
            print(line(world, every.judgement()), flush=True)
            print(
                f"  state a session: median {sizes[len(sizes) // 2]}, most {sizes[-1]} characters; commands of models a"
                f" reader-hour: {every.of_models():.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
