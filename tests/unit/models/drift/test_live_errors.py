"""Live errors of a model: grown, worse than the version before, or not known at all."""

import numpy as np
import pytest

from models.drift.live_errors import ENDED_SESSIONS, LiveErrors, LiveFinding


def run(errors: LiveErrors, version: int, sizes: list[float]) -> list[tuple[int, LiveFinding]]:
    """Sessions one after the other, each predicted and answered; the findings with the number of the session."""
    found = []
    for number, size in enumerate(sizes):
        errors.in_force = version
        found += [(number, each) for each in errors.add(version, size)]
        found += [(number, each) for each in errors.ended(version, True)]
    return found


def sizes(seed: int, scale: float, rows: int) -> list[float]:
    return [float(each) for each in np.random.default_rng(seed).gamma(4.0, scale / 4.0, rows)]


@pytest.mark.parametrize("seed", range(860, 870))
def test_a_fresh_version_that_is_no_worse_is_left_alone(seed: int) -> None:
    errors = LiveErrors()

    assert run(errors, 1, sizes(seed, 100.0, 400)) == []
    assert run(errors, 2, sizes(seed + 1_000, 100.0, 400)) == []
    assert run(errors, 3, sizes(seed + 2_000, 60.0, 400)) == []


def test_a_bad_version_is_found_at_one_of_the_first_looks() -> None:
    errors = LiveErrors()
    run(errors, 7, sizes(871, 100.0, 300))

    found = [(number, each) for number, each in run(errors, 8, sizes(872, 170.0, 400))]

    (number, finding), *_ = [each for each in found if each[1].kind == "worse_version"]
    assert number + 1 in (50, 100)
    assert (finding.version, finding.outcomes) == (8, number + 1)
    assert finding.value > 1.4 * finding.threshold


def test_errors_that_grow_while_a_version_is_live_are_drift() -> None:
    errors = LiveErrors()
    calm = run(errors, 1, sizes(873, 100.0, 500))
    found = run(errors, 1, sizes(874, 170.0, 200))

    assert calm == []
    assert [each.kind for _, each in found] == ["error_drift"]
    assert found[0][0] < 60


def test_one_absurd_outcome_hides_no_later_drift() -> None:
    errors = LiveErrors()
    absurd = run(errors, 1, [*sizes(873, 100.0, 500), 1e9])
    found = run(errors, 1, sizes(874, 170.0, 200))

    assert absurd == []
    assert [each.kind for _, each in found] == ["error_drift"]
    assert found[0][0] < 60


def test_without_outcomes_nothing_is_said_of_a_version_but_that_they_stay_away() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(875, 100.0, ENDED_SESSIONS))
    found = []
    for number in range(3 * ENDED_SESSIONS):
        errors.in_force = 2
        if number % 10 == 0:
            found += list(errors.add(2, 500.0))
        found += list(errors.ended(2, number % 10 == 0))

    kinds = [each.kind for each in found]
    assert kinds.count("missing_outcomes") == 1
    missing = next(each for each in found if each.kind == "missing_outcomes")
    assert (missing.version, missing.value, missing.threshold) == (2, 0.1, 0.5)
    assert kinds[0] == "missing_outcomes"


def test_a_version_from_long_ago_is_not_judged_by_the_errors_of_the_one_before() -> None:
    errors = LiveErrors()
    for version, scale in ((1, 100.0), (2, 300.0), (3, 100.0)):
        run(errors, version, sizes(882 + version, scale, 200))
    again = run(errors, 1, sizes(886, 100.0, 200))
    fresh = run(errors, 4, sizes(887, 170.0, 400))

    assert again == []
    # Better than version 2, and worse than version 1, which was in force before it.
    (_, finding), *_ = [each for each in fresh if each[1].kind == "worse_version"]
    assert finding.version == 4
    assert finding.threshold == pytest.approx(100.0, rel=0.1)


def ended(errors: LiveErrors, sessions: int, answered: int) -> list[str]:
    """What is found while so many sessions end, of which the first are answered."""
    found = []
    for number in range(sessions):
        errors.in_force = 1
        if number < answered:
            found += list(errors.add(1, 1.0))
        found += list(errors.ended(1, number < answered))
    return [each.kind for each in found]


def test_that_no_outcome_has_ever_come_is_told_once() -> None:
    errors = LiveErrors()
    assert ended(errors, ENDED_SESSIONS - 1, 0) == []
    assert ended(errors, 1, 0) == ["no_outcomes"]
    assert ended(errors, 5 * ENDED_SESSIONS, 0) == []


def test_where_outcomes_begin_late_they_can_be_missed_later() -> None:
    errors = LiveErrors()
    assert ended(errors, ENDED_SESSIONS, 0) == ["no_outcomes"]
    assert ended(errors, ENDED_SESSIONS, 100) == []
    assert ended(errors, ENDED_SESSIONS, 0) == ["missing_outcomes"]


def test_late_outcomes_of_the_version_before_count_for_nothing() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(876, 100.0, 100))
    run(errors, 2, sizes(877, 100.0, 30))
    for _ in range(300):
        assert list(errors.add(1, 10_000.0)) == []


def test_after_a_rollback_the_next_version_is_compared_with_the_one_in_force() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(878, 100.0, 200))
    bad = run(errors, 2, sizes(879, 300.0, 50))
    again = run(errors, 1, sizes(880, 100.0, 50))
    fresh = run(errors, 3, sizes(881, 170.0, 400))

    assert [each.kind for _, each in bad if each.kind == "worse_version"] == ["worse_version"]
    assert again == []
    # Better than version 2, and worse than version 1.
    (_, finding), *_ = [each for each in fresh if each[1].kind == "worse_version"]
    assert finding.version == 3
    assert finding.threshold < 120.0


@pytest.mark.parametrize("short", [1, 40, 49, 50, 60])
def test_a_bad_version_after_a_short_lived_one_is_found(short: int) -> None:
    errors = LiveErrors()
    assert run(errors, 1, sizes(890, 70.0, 400)) == []
    assert run(errors, 2, sizes(891, 70.0, short)) == []
    found = [each for _, each in run(errors, 3, sizes(892, 700.0, 600)) if each.kind == "worse_version"]

    assert [(each.version, each.against, each.outcomes) for each in found] == [(3, (2 if short >= 50 else 1,), 50)]


def test_short_lived_versions_in_a_row_hide_neither_an_earlier_one_nor_are_they_hidden_themselves() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(893, 70.0, 60))
    for version in range(2, 12):
        run(errors, version, sizes(893 + version, 70.0, 10))
    (finding,) = [each for _, each in run(errors, 12, sizes(910, 700.0, 50)) if each.kind == "worse_version"]
    assert finding.against == (1,)

    alone = LiveErrors()
    for version in (1, 2, 3):
        run(alone, version, sizes(893 + version, 70.0, 20))
    (finding,) = [each for _, each in run(alone, 4, sizes(911, 700.0, 50)) if each.kind == "worse_version"]
    assert finding.against == (1, 2, 3)


def test_a_version_that_is_rolled_back_to_is_watched_on() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(912, 70.0, 400))
    # As bad as the one after it, but taken over from before anybody could tell.
    run(errors, 2, sizes(913, 700.0, 40))
    worse = [each for _, each in run(errors, 3, sizes(914, 700.0, 50)) if each.kind == "worse_version"]
    again = [each for _, each in run(errors, 2, sizes(915, 700.0, 10)) if each.kind == "worse_version"]

    assert [(each.version, each.against) for each in worse] == [(3, (1,))]
    assert [(each.version, each.against, each.outcomes) for each in again] == [(2, (1,), 50)]


def test_late_outcomes_of_a_version_that_was_taken_back_count_for_nothing() -> None:
    errors = LiveErrors()
    run(errors, 1, sizes(916, 70.0, 200))
    run(errors, 2, sizes(917, 700.0, 50))
    run(errors, 1, sizes(918, 70.0, 10))
    for _ in range(60):
        assert list(errors.add(2, 700.0)) == []
    (finding,) = [each for _, each in run(errors, 3, sizes(919, 700.0, 50)) if each.kind == "worse_version"]
    assert finding.against == (1,)


def test_that_nothing_can_be_compared_is_told_once() -> None:
    errors = LiveErrors()
    assert run(errors, 1, sizes(920, 70.0, 30)) == []
    found = [each for _, each in run(errors, 2, sizes(921, 700.0, 400))]

    (finding,) = found
    assert (finding.kind, finding.version, finding.value, finding.threshold) == ("not_compared", 2, 50, 50)
    # The first version of all has nothing before it, and that is no news.
    assert run(LiveErrors(), 5, sizes(922, 70.0, 400)) == []


@pytest.mark.parametrize(("is_bounded", "method"), [(False, "page_hinkley"), (True, "adwin")])
def test_growing_errors_name_the_test_that_told(is_bounded: bool, method: str) -> None:
    errors = LiveErrors(is_bounded)
    found = run(errors, 1, [each / 1_000.0 for each in [*sizes(923, 100.0, 500), *sizes(924, 500.0, 200)]])

    assert [(each.kind, each.method) for _, each in found] == [("error_drift", method)]
