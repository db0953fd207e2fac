"""The feature log holds the very numbers that models scored, at the time of the window, and one row for each session's end."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from infra.simulate.arbitration import DEFAULT_BUDGETS
from infra.simulate.worlds.recording import BEGIN_MS
from infra.simulate.worlds.trials import trial
from models.announced.checking import check_record
from models.announced.loading import LoadedModel, load
from models.features import FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_statistics import CARD_MS
from models.logged_features import NUMBER_NAMES, TEXT_NAMES
from models.predictions.prediction import predict
from models.session_clock import SESSION_END_MS
from schemas.features import FeatureRow, decode_feature_row, encode_feature_row
from tests.support.announced_models import announced, announced_length, forest_announcement, length_card, linear_model
from tests.support.builders import forest_model
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.segment_records import segment_record
from tests.support.stages import NO_REFITS, window_commands
from tests.support.world_windows import Arrival, Row, site_windows
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import FEATURE_PREFIX, session_key

CARDS = RefitSchedule(CARD_MS, LEAD_MS)


@cache
def recording(readers: int = 3) -> list[tuple[int, list[tuple[str, Row]]]]:
    """The windows of a few readers of a world, by their end in order."""
    cohort = [each for each in trial("null", "S3", 3, readers, 0).cohort()][:readers]
    arrivals = [Arrival(session, BEGIN_MS + round(offset), reader) for session, offset, reader, _ in cohort]
    return [(end_ms, [(session, row) for session, row, _ in rows]) for end_ms, rows in site_windows(arrivals)]


WEIGHTS = np.random.default_rng(5).normal(size=len(NUMBER_NAMES) + 1).round(3)


@cache
def length_of_everything() -> tuple[str, str]:
    """A length that all numbers and the device have a part in, so that none can differ unseen."""
    artefact = linear_model([[float(each)] for each in WEIGHTS], [400.0])
    card = length_card(
        artefact,
        features=[*NUMBER_NAMES, "device"],
        categories={"device": ["mobile", "desktop"]},
        ranges={},
        max_half_width=None,
    )
    return announced(card, artefact)


class LoggingJob:
    """The operator of the windows with its log, and the arbiter behind it."""

    def __init__(self, cards: RefitSchedule = NO_REFITS, flink: FakeFlink | None = None, log: bool = True) -> None:
        self.windows = Running(window_commands(cards=cards, log_features=log, emit_scores=True), flink)
        self._arbiter = Running(ArbiterFunction(DEFAULT_BUDGETS))
        self.rows: list[FeatureRow] = []
        self.commands: list[Any] = []
        self.by_way_of_the_arbiter = 0

    def announce(self, *announcements: tuple[str, str]) -> None:
        for each in announcements:
            assert self.windows.broadcast(("model", *each)) == []

    def play(self, windows: Iterable[tuple[int, Sequence[tuple[str, Row]]]]) -> None:
        for end_ms, rows in windows:
            for session_id, row in rows:
                self._take(self.windows.send(session_key(session_id), row))
            self.advance(end_ms)

    def advance(self, watermark: int) -> None:
        self._take(self.windows.advance(watermark))
        self._take(self._arbiter.advance(watermark))

    def _take(self, emitted: Iterable[Any]) -> None:
        for each in emitted:
            if isinstance(each, tuple):
                if each[0].tag_id == "features":
                    key, text = each[1]
                    row = decode_feature_row(text)
                    assert key == row.session_id
                    assert encode_feature_row(row).decode() == text
                    self.rows.append(row)
            elif isinstance(each[1], bytes):
                self.commands.append(each[1])
            else:
                self.by_way_of_the_arbiter += each[0].startswith(FEATURE_PREFIX)
                self._take(self._arbiter.send(each[0], each[1]))

    def of_windows(self) -> list[FeatureRow]:
        return [row for row in self.rows if row.kind == "window"]


@cache
def logged() -> list[FeatureRow]:
    """The log of the recording, with models in force from its beginning."""
    job = LoggingJob()
    job.announce(length_of_everything(), forest_announcement())
    job.play(recording())
    return job.of_windows()


def test_there_is_one_row_for_each_window_in_which_something_happened() -> None:
    expected = [(session, end_ms) for end_ms, rows in recording() for session, _ in rows]
    assert len(expected) > 300
    assert sorted((row.session_id, row.window_end_ms) for row in logged()) == sorted(expected)
    assert all(tuple(sorted(row.features)) == tuple(sorted(NUMBER_NAMES)) for row in logged())
    assert all(tuple(sorted(row.context)) == tuple(sorted(TEXT_NAMES)) for row in logged())


def length_scorer() -> LoadedModel:
    return load(check_record(*length_of_everything()))


def test_scoring_the_log_offline_gives_the_scores_of_the_job() -> None:
    """To the last bit: no feature differs between what is learned from and what is scored."""
    model, forest = length_scorer(), ForestScorer(forest_model(11))
    lengths = forests = 0
    for row in logged():
        if row.window_end_ms % 60_000 == 0:
            assert predict(model, row.features, row.context).scores["length"] == row.scores["length"]
            assert row.models == {"length": 1}
            lengths += 1
        if (known := row.scores.get("isolation_forest")) is not None:
            values = [[row.features[name] or 0.0 for name in FOREST_FEATURES]]
            assert forest.score(np.array(values, dtype=np.float32)) == known
            forests += 1
    assert lengths > 50
    assert forests > 200


def test_a_row_says_whose_model_is_of_the_segment_alone() -> None:
    job = LoggingJob()
    of_all, of_segment = announced_length(), announced_length(900.0, id="length.s1", segment="s1", version=3)
    job.announce(of_all, of_segment)
    assert job.windows.broadcast(("segment", *segment_record("s1", 30_000.0))) == []
    job.play(recording())
    scored = [row for row in job.of_windows() if row.models]
    assert {row.segment for row in scored} == {None, "s1"}
    for row in scored:
        expected = ({"length": 3}, ["length"]) if row.segment else ({"length": 1}, [])
        assert (row.models, row.segment_models) == expected


def test_a_feature_that_were_logged_otherwise_would_be_noticed() -> None:
    """What the test before rests on: another value of any feature gives another score."""
    model, minutes = length_scorer(), [row for row in logged() if row.window_end_ms % 60_000 == 0]
    noticed = set()
    for name in NUMBER_NAMES:
        row = next((each for each in minutes if each.features[name] is not None), None)
        if row is not None and (value := row.features[name]) is not None:
            other = {**row.features, name: value * 1.5 + 10.0}
            assert predict(model, other, row.context).scores["length"] != row.scores["length"], name
            noticed.add(name)
    assert noticed >= {*SESSION_NAMES, "session_age_ms", "silence_ms", "coverage", "present_ms"}


def test_the_log_says_what_the_windows_said() -> None:
    by_window = {(row.session_id, row.window_end_ms): row for row in logged()}
    start = 10
    for end_ms, rows in recording():
        for session_id, (_, numbers, texts) in rows:
            row = by_window[session_id, end_ms]
            values = numbers[start : start + len(SESSION_NAMES)]
            assert [row.features[name] for name in SESSION_NAMES] == [None if v != v else v for v in values]
            assert (row.content_id, row.context["device"]) == (texts[2], texts[5])


def test_no_row_knows_what_came_after_its_window() -> None:
    windows = recording()
    whole = {(row.session_id, row.window_end_ms): row for row in logged()}
    for part in (len(windows) // 3, len(windows) // 2):
        job = LoggingJob()
        job.announce(length_of_everything(), forest_announcement())
        job.play(windows[:part])
        assert job.of_windows()
        assert all(row == whole[row.session_id, row.window_end_ms] for row in job.of_windows())


def test_a_replay_logs_the_same_bytes_and_so_does_a_job_that_was_restarted_on_the_way() -> None:
    windows = recording()
    again = LoggingJob()
    again.announce(length_of_everything(), forest_announcement())
    again.play(windows[:40])
    restarted = LoggingJob(flink=again.windows.flink)
    restarted.play(windows[40:])
    found = [*again.of_windows(), *restarted.of_windows()]
    assert [encode_feature_row(row) for row in found] == [encode_feature_row(row) for row in logged()]


def test_windows_that_were_pending_are_logged_too_by_way_of_the_arbiter() -> None:
    """In a fast replay cards are late; the rows then arise on timers, which have no side outputs."""
    late = LoggingJob(cards=CARDS)
    late.play(recording())
    assert late.by_way_of_the_arbiter > 0
    expected = sorted((session, end_ms) for end_ms, rows in recording() for session, _ in rows)
    assert sorted((row.session_id, row.window_end_ms) for row in late.of_windows()) == expected


def test_a_session_that_is_over_is_logged_once_with_its_means() -> None:
    job = LoggingJob()
    job.announce(length_of_everything())
    job.play(recording())
    last_ms = recording()[-1][0]
    job.advance(last_ms + SESSION_END_MS + 60_000)
    ends = {row.session_id: row for row in job.rows if row.kind == "session_end"}
    assert len(ends) == 3 == len([row for row in job.rows if row.kind == "session_end"])
    for session_id, row in ends.items():
        own = [each for each in job.of_windows() if each.session_id == session_id]
        minutes = [each for each in own if each.window_end_ms % 60_000 == 0]
        for name in SESSION_NAMES:
            known = [value for each in minutes if (value := each.features[name]) is not None]
            expected = None if not known else pytest.approx(sum(known) / len(known))
            assert row.features[name] == expected, name
        age_ms = row.features["session_age_ms"]
        assert age_ms is not None
        assert abs(age_ms - (own[-1].window_end_ms - own[0].window_end_ms - 50_000)) <= 10_000
        assert 0 <= row.window_end_ms - SESSION_END_MS - (own[-1].window_end_ms - 60_000) < 10_000
        assert row.content_id == minutes[-1].content_id
        scored = {name for each in minutes for name, score in each.scores.items() if score is not None}
        assert row.scores.keys() == scored
        assert "length" in scored, "drift of scores is told by sessions"
        for name in scored:
            found = [score for each in minutes if (score := each.scores.get(name)) is not None]
            assert row.scores[name] == pytest.approx(sum(found) / len(found), abs=1e-4), name
    assert not any(job.windows.flink.left_of(session_key(each)) for each in ends)


def test_without_the_option_nothing_is_logged_and_nothing_is_remembered() -> None:
    job, logging = LoggingJob(log=False), LoggingJob()
    for each in (job, logging):
        each.play(recording())
    assert job.rows == []
    summaries, others = (each.windows.flink.state_field("session-summary-v3") for each in (job, logging))
    assert others, "nothing is found by a name that no state has"
    assert summaries == {}


def test_a_log_changes_no_command() -> None:
    plain, logging = LoggingJob(log=False), LoggingJob()
    for job in (plain, logging):
        job.announce(
            announced_length(2_000.0, categories={"device": ["mobile", "desktop"]}, ranges={}, max_half_width=None)
        )
        job.play(recording())
    assert plain.commands
    assert plain.commands == logging.commands
