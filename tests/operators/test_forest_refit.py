"""The refit operator: when it begins, when it fits, and that neither order nor restarts matter."""

from random import Random

import msgspec
import pytest

from models.features import SESSION_NAMES
from models.isolation_forest.fit import MIN_ROWS, refit
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import MAX_AGE_EPOCHS
from models.reservoir import CAPACITY, Reservoir
from tests.support.builders import BEGINNING, CrossingRow, at, minutes, session_window
from tests.support.flink_fakes import FakeFlink, Running
from udfs.crossing_rows import SESSION_NUMBERS
from udfs.forest_refit import MAX_CONTENT_TYPES, MIN_NEW_WINDOWS, ForestRefit

HALF_HOUR_S, LEAD_S = 1_800, 300
EVERY_MS = HALF_HOUR_S * 1000
FIRST = BEGINNING // EVERY_MS
FEATURES = slice(len(SESSION_NUMBERS), len(SESSION_NUMBERS) + len(SESSION_NAMES))


def started(flink: FakeFlink | None = None) -> Running:
    return Running(ForestRefit(EVERY_MS, LEAD_S * 1000), flink)


def sample(rows: int, since_s: int = 60, seed: int = 7) -> list[CrossingRow]:
    """Windows of as many readers, one after another within half an hour."""
    made = []
    for n, values in enumerate(minutes(rows, seed)):
        kind, numbers, texts = session_window(since_s + n * 60 % (HALF_HOUR_S - 60), f"reader-{seed}-{n}")
        made.append((kind, [*numbers[: FEATURES.start], *values, *numbers[FEATURES.stop :]], texts))
    return made


def sent(job: Running, rows: list[CrossingRow], content_type: str = "news") -> list[RefitMessage]:
    return [each for row in rows for each in read(job.send(content_type, row))]


def read(emitted: list[tuple[str, str, str]]) -> list[RefitMessage]:
    found = []
    for kind, key, body in emitted:
        record = msgspec.json.decode(body, type=RefitMessage)
        assert (kind, key) == ("refit", record.content_type)
        found.append(record)
    return found


def judged(emitted: list[tuple[str, str, str]]) -> list[RefitMessage]:
    """What became of epochs, without the notes that another begins."""
    return [each for each in read(emitted) if each.status != "begins"]


def oracle(epoch: int, rows: list[CrossingRow]) -> RefitMessage:
    """The refit over the reservoir of all rows, made without the operator."""
    reservoir = Reservoir(2.0 * EVERY_MS)
    for _, numbers, texts in rows:
        reservoir.add(str(texts[0]), int(numbers[0]), numbers[FEATURES])
    return refit("news", FIRST + epoch, reservoir.rows())


def boundary(epoch: int) -> int:
    return at(epoch * HALF_HOUR_S)


def test_the_first_window_of_a_type_in_event_time_tells_where_its_forests_begin() -> None:
    job = started()
    assert sent(job, [session_window(HALF_HOUR_S + 60)]) == []
    # Of another subtask, that is behind.
    assert sent(job, [session_window(60)]) == []
    assert read(job.advance(at(60))) == [RefitMessage("news", FIRST + 1, "begins")]
    assert sent(job, [session_window(120)]) == []
    assert read(job.advance(at(120))) == []


def test_types_begin_by_themselves() -> None:
    job = started()
    sent(job, [session_window(60)])
    sent(job, [session_window(3_660, main_type="video")], "video")
    begun = [each for each in read(job.advance(at(3_660))) if each.status == "begins"]
    assert begun == [RefitMessage("news", FIRST + 1, "begins"), RefitMessage("video", FIRST + 3, "begins")]


def test_windows_without_a_type_are_a_type_of_their_own() -> None:
    job = started()
    sent(job, [session_window(60, main_type=None)], "")
    assert read(job.advance(at(60))) == [RefitMessage("", FIRST + 1, "begins")]


def test_a_window_that_ends_on_the_boundary_belongs_to_the_epoch_that_ends_there() -> None:
    job = started()
    sent(job, [session_window(HALF_HOUR_S)])
    assert [(each.epoch, each.status) for each in read(job.advance(boundary(1)))] == [
        (FIRST + 1, "begins"),
        (FIRST + 1, "skipped"),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_epochs_do_not_depend_on_the_order_of_arrival_across_boundaries(seed: int) -> None:
    """Of two subtasks one may be minutes ahead: only the watermark is the slower one's."""
    rows = sample(150) + sample(150, 2 * HALF_HOUR_S + 60, seed=8)
    Random(seed).shuffle(rows)
    job = started()
    sent(job, rows)
    early = [row for row in rows if row[1][0] <= boundary(1)]
    assert read(job.advance(boundary(3))) == [
        RefitMessage("news", FIRST + 1, "begins"),
        oracle(1, early),
        RefitMessage("news", FIRST + 3, "begins"),
        oracle(3, rows),
    ]


#   0 min          30 min: fitted      60 min: nothing came, nobody waits      hours later: begins anew
def test_a_forest_is_fitted_at_the_end_of_each_epoch_that_had_windows() -> None:
    rows = sample(150)
    job = started()
    sent(job, rows)
    assert judged(job.advance(boundary(1) - 1)) == []
    assert judged(job.advance(boundary(1))) == [oracle(1, rows)]
    assert judged(job.advance(boundary(19))) == []
    sent(job, [session_window(20 * HALF_HOUR_S)])
    assert [each.epoch for each in judged(job.advance(boundary(20)))] == [FIRST + 20]


def test_decades_between_two_windows_are_no_epochs_to_go_through() -> None:
    job = started()
    sent(job, [session_window(60), session_window(60 + 800_000_000)])
    assert len(read(job.advance(at(60 + 800_000_000 + HALF_HOUR_S)))) == 4


def crowded(since_s: int = 60) -> Running:
    """As many types as may have a sample."""
    job = started()
    for number in range(MAX_CONTENT_TYPES):
        assert sent(job, [session_window(since_s, main_type=f"type-{number}")], f"type-{number}") == []
    return job


def test_types_beyond_a_bound_have_no_forest_of_their_own_and_are_told_so_once() -> None:
    job = crowded()
    for name in ("one too many", "two too many"):
        rows = [session_window(60, main_type=name), session_window(HALF_HOUR_S, main_type=name)]
        told = sent(job, rows, name)
        assert told == ([RefitMessage("", FIRST + 1, "full")] if name == "one too many" else [])
        assert name not in job.flink.values["reservoir-v1"]
    assert "one too many" not in job.flink.lists["arrivals-v1"]


def test_a_type_that_nobody_reads_gives_its_place_back() -> None:
    job = crowded()
    sent(job, [session_window(60, main_type="later")], "later")
    job.advance(boundary(1))
    sent(job, [session_window(HALF_HOUR_S + 60, main_type="later")], "later")
    assert RefitMessage("later", FIRST + 2, "begins") in read(job.advance(boundary(2)))


def test_the_sample_of_a_type_that_has_vanished_is_dropped() -> None:
    job = started()
    sent(job, sample(150))
    job.advance(boundary(1 + MAX_AGE_EPOCHS) - 1)
    assert "news" in job.flink.values["reservoir-v1"]
    assert job.advance(boundary(1 + MAX_AGE_EPOCHS)) == []
    assert job.flink.values["reservoir-v1"] == {}
    assert job.flink.lists["arrivals-v1"] == {}
    assert job.flink.timers == set()


@pytest.mark.parametrize("early", [False, True])
def test_a_type_that_comes_back_after_a_day_begins_anew_whenever_its_window_came(early: bool) -> None:
    """Also where the window overtakes the timer that drops the sample."""
    job = started()
    sent(job, sample(150))
    job.advance(boundary(1))
    later = sample(60, (2 + MAX_AGE_EPOCHS) * HALF_HOUR_S + 60, seed=8)
    if not early:
        job.advance(boundary(2 + MAX_AGE_EPOCHS))
    sent(job, later)
    # Sixty rows are too few; with the old ones they would be enough.
    assert [each.status for each in judged(job.advance(boundary(3 + MAX_AGE_EPOCHS)))] == ["skipped"]


def test_too_few_windows_give_no_forest() -> None:
    job = started()
    sent(job, sample(MIN_ROWS - 1))
    assert judged(job.advance(boundary(1))) == [RefitMessage("news", FIRST + 1, "skipped")]


def test_windows_of_earlier_epochs_stay_in_the_sample() -> None:
    early, later = sample(100), sample(100, HALF_HOUR_S + 60, seed=8)
    job = started()
    sent(job, early)
    job.advance(boundary(1))
    sent(job, later)
    assert judged(job.advance(boundary(2))) == [oracle(2, early + later)]


def test_rows_in_another_order_give_the_same_forest() -> None:
    rows = sample(150)
    shuffled = rows[:]
    Random(3).shuffle(shuffled)
    job = started()
    sent(job, shuffled)
    assert judged(job.advance(boundary(1))) == [oracle(1, rows)]


#   live:     early rows ... 30 min fitted ... later rows ... 60 min fitted
#   replay:   early and later rows ... 30 min fitted, 60 min fitted
def test_rows_that_arrive_before_their_epoch_wait_for_it() -> None:
    early, later = sample(150), sample(150, HALF_HOUR_S + 60, seed=8)
    job = started()
    sent(job, early + later)
    assert judged(job.advance(boundary(2))) == [oracle(1, early), oracle(2, early + later)]


def old_and_full() -> list[CrossingRow]:
    """More windows than the sample holds."""
    return sample(3 * CAPACITY)


def unwanted(rows: list[CrossingRow]) -> CrossingRow:
    """A window of the second epoch that a sample of `rows` does not take."""
    reservoir = Reservoir(2.0 * EVERY_MS)
    for _, numbers, texts in rows:
        reservoir.add(str(texts[0]), int(numbers[0]), numbers[FEATURES])
    for n in range(1_000):
        end_s = HALF_HOUR_S + 60
        offered = Reservoir.from_items(reservoir.items(), 2.0 * EVERY_MS)
        if not offered.add(f"guest-{n}", at(end_s), [0.0]):
            return session_window(end_s, f"guest-{n}")
    raise AssertionError("every guest was taken")


@pytest.mark.parametrize("early", [False, True])
def test_an_epoch_whose_only_window_was_not_taken_is_skipped_whenever_it_came(early: bool) -> None:
    rows = old_and_full()
    guest = unwanted(rows)
    job = started()
    sent(job, rows)
    if early:
        sent(job, [guest])
    job.advance(boundary(1))
    if not early:
        sent(job, [guest])
    assert [each.status for each in judged(job.advance(boundary(2)))] == ["skipped"]


def hours_of_one(windows: int) -> list[CrossingRow]:
    """Windows of one reader who stays for half an hour, every ten seconds."""
    return [session_window(60 + 10 * n, "stays", engaged_ms=1_000.0 * (n % 50)) for n in range(windows)]


def test_a_reader_who_stays_is_two_windows_of_the_sample() -> None:
    others, long = sample(150), hours_of_one(170)
    job = started()
    sent(job, [*long[:90], *others, *long[90:]])
    assert judged(job.advance(boundary(1))) == [oracle(1, others + long)]
    _, items, *_ = msgspec.json.decode(job.flink.values["reservoir-v1"]["news"])
    assert sum(name.startswith("stays:") for _, name, _ in items) == 2
    assert len(items) == 152


def test_one_reader_alone_gets_no_forest_however_long_he_stays() -> None:
    job = started()
    sent(job, hours_of_one(170))
    assert judged(job.advance(boundary(1))) == [RefitMessage("news", FIRST + 1, "skipped")]


def test_what_of_the_sample_is_new_does_not_depend_on_the_order() -> None:
    """Of readers that were displaced in the meantime as many came as of others, but they are not in the sample."""
    early = sample(200)
    few = MIN_NEW_WINDOWS // 2 - 1
    later = [session_window(HALF_HOUR_S + 60 + 10 * n, f"late-{who}") for who in range(few) for n in range(30)]
    for rows in (later, later[::-1]):
        job = started()
        sent(job, early)
        job.advance(boundary(1))
        sent(job, rows)
        assert [each.status for each in judged(job.advance(boundary(2)))] == ["skipped"]
    more = [session_window(HALF_HOUR_S + 60 + 10 * n, "one-more") for n in range(2)]
    job = started()
    sent(job, early)
    job.advance(boundary(1))
    sent(job, later + more)
    assert [each.status for each in judged(job.advance(boundary(2)))] == ["fitted"]


def test_partial_windows_are_not_learned() -> None:
    rows = sample(150)
    partial = [session_window(60, f"partial-{n}", active_slices=4, engaged_ms=1.0) for n in range(40)]
    job = started()
    sent(job, partial)
    assert job.flink.timers == set()
    sent(job, rows)
    assert judged(job.advance(boundary(1))) == [oracle(1, rows)]


def test_a_sample_of_the_first_release_is_taken_up_with_two_windows_a_session() -> None:
    """Its state bears no layout, its names are session and end, and one session may have filled it."""
    old = [[30_000.0 + n, f"stays:{at(60 + 10 * n)}", [float(n)] * 13] for n in range(170)]
    job = started()
    job.flink.values["reservoir-v1"]["news"] = msgspec.json.encode([FIRST + 1, old]).decode()
    job.flink.timers.add((boundary(1), "news"))
    sent(job, sample(100, seed=9))
    job.advance(boundary(1))
    _, items, *_ = msgspec.json.decode(job.flink.values["reservoir-v1"]["news"])
    assert [name for _, name, _ in items if name.startswith("stays:")] == [
        f"stays:{at(60 + 10 * n)}" for n in (168, 169)
    ]


@pytest.mark.parametrize("cut", [0, 1, 100, 150, 151, 250])
def test_a_restart_changes_nothing(cut: int) -> None:
    early, later = sample(150), sample(150, HALF_HOUR_S + 60, seed=8)
    rows = early + later[:100]
    job = started()
    sent(job, rows[:cut])
    job = started(job.flink)
    sent(job, rows[cut:])
    first = judged(job.advance(boundary(1)))
    job = started(job.flink)
    sent(job, later[100:])
    assert first + judged(job.advance(boundary(2))) == [oracle(1, early), oracle(2, early + later)]


def test_state_is_bounded_however_many_windows_come() -> None:
    job = started()
    sent(job, sample(3 * CAPACITY))
    job.advance(boundary(1))
    assert job.flink.lists["arrivals-v1"] == {}
    _, items, *_ = msgspec.json.decode(job.flink.values["reservoir-v1"]["news"])
    assert len(items) == CAPACITY


def test_unknown_values_survive_a_restart() -> None:
    rows = sample(150)
    rows[5][1][FEATURES.start + SESSION_NAMES.index("scroll_depth")] = float("nan")
    job = started()
    sent(job, rows)
    assert judged(started(job.flink).advance(boundary(1))) == [oracle(1, rows)]


def test_at_the_end_of_a_bounded_topic_no_further_epoch_begins() -> None:
    job = started()
    sent(job, sample(150))
    assert [each.epoch for each in judged(job.advance(2**63 - 1))] == [FIRST + 1]
    assert job.flink.timers == set()
