"""When models are trained again: each has its own gap, and what nobody would ask for again waits."""

from models.feature_stream.retrainings import MAX_GAP_MS, MIN_GAP_MS, SCHEDULE, Retrainings


def test_the_gap_of_one_model_keeps_no_other_waiting() -> None:
    retrainings = Retrainings(("length", "tone"))

    assert retrainings.ask("length", ("clicks",), 0)
    assert not retrainings.ask("length", ("clicks",), MIN_GAP_MS - 1)
    assert retrainings.ask("tone", ("clicks",), 1)
    assert not retrainings.ask("anomaly", ("clicks",), 1)
    assert retrainings.ask("length", ("clicks",), MIN_GAP_MS)


def test_what_is_kept_is_due_once_the_gap_is_over_and_what_is_not_kept_is_not() -> None:
    retrainings = Retrainings(("length", "tone"))
    for model in ("length", "tone"):
        assert retrainings.ask(model, ("clicks",), 0)

    assert not retrainings.ask("length", ("errors of length",), 5, keep=True)
    assert not retrainings.ask("tone", ("pages",), 5)
    assert list(retrainings.due(MIN_GAP_MS - 1)) == []
    assert list(retrainings.due(MIN_GAP_MS)) == [("length", ("errors of length",))]
    assert list(retrainings.due(3 * MIN_GAP_MS)) == []


def test_trainings_that_bring_nothing_come_ever_more_seldom_and_one_that_does_ends_that() -> None:
    retrainings = Retrainings(("length", "tone"))
    started_ms, gaps = 0, []
    for _ in range(7):
        assert retrainings.ask("length", ("clicks",), started_ms)
        retrainings.ended("length", has_succeeded=False)
        next_ms = next(
            at_ms
            for at_ms in range(started_ms, started_ms + 30 * MIN_GAP_MS, MIN_GAP_MS)
            if is_free(retrainings, at_ms)
        )
        gaps.append((next_ms - started_ms) // MIN_GAP_MS)
        started_ms = next_ms

    assert gaps == [2, 4, 8, 16, 24, 24, 24]
    assert MAX_GAP_MS == 24 * MIN_GAP_MS
    assert retrainings.ask("length", ("clicks",), started_ms)
    retrainings.ended("length", has_succeeded=True)
    assert not retrainings.ask("length", ("clicks",), started_ms + MIN_GAP_MS - 1)
    assert retrainings.ask("length", ("clicks",), started_ms + MIN_GAP_MS)


def is_free(retrainings: Retrainings, at_ms: int) -> bool:
    return retrainings._free_ms("length") <= at_ms  # noqa: SLF001


#   0h        24h        30h       54h
#   begins    schedule   drift     schedule: a day after the drift
def test_a_schedule_counts_from_the_last_start_whatever_its_reason() -> None:
    hour_ms, began_ms = 3_600_000, 1_000
    retrainings = Retrainings(("length", "tone"), every_ms=24 * hour_ms)
    started = []
    for hour in range(80):
        at_ms = began_ms + hour * hour_ms
        if hour == 30:
            assert retrainings.ask("length", ("clicks",), at_ms)
        started += [(hour, model, subjects) for model, subjects in retrainings.due(at_ms)]

    assert started == [
        (24, "length", (SCHEDULE,)),
        (24, "tone", (SCHEDULE,)),
        (48, "tone", (SCHEDULE,)),
        (54, "length", (SCHEDULE,)),
        (72, "tone", (SCHEDULE,)),
        (78, "length", (SCHEDULE,)),
    ]


def test_a_retraining_that_waits_takes_the_place_of_the_schedule_and_without_a_schedule_there_is_none() -> None:
    retrainings = Retrainings(("length",), every_ms=MIN_GAP_MS)
    assert list(retrainings.due(0)) == []
    assert retrainings.ask("length", ("clicks",), 0)
    assert not retrainings.ask("length", ("errors of length",), 5, keep=True)

    assert list(retrainings.due(MIN_GAP_MS)) == [("length", ("errors of length",))]
    assert list(Retrainings(("length",)).due(0)) == []
    assert list(Retrainings(("length",)).due(10**15)) == []


def test_trainings_that_bring_nothing_hold_up_a_short_schedule_too() -> None:
    retrainings = Retrainings(("length",), every_ms=MIN_GAP_MS)
    assert list(retrainings.due(0)) == []
    assert list(retrainings.due(MIN_GAP_MS)) == [("length", (SCHEDULE,))]
    retrainings.ended("length", has_succeeded=False)

    assert list(retrainings.due(2 * MIN_GAP_MS)) == []
    assert list(retrainings.due(3 * MIN_GAP_MS)) == [("length", (SCHEDULE,))]
