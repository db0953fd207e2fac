"""Which forest is in force, and when that is still uncertain."""

import pytest

from models.features import FOREST_FEATURES
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import MAX_AGE_EPOCHS, ForestRegistry, ForestVersion, to_feature_row
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from tests.support.builders import NAN, at, forest_model, session_values

HALF_HOUR_S, LEAD_S = 1_800, 300
SCHEDULE = RefitSchedule(HALF_HOUR_S * 1000, LEAD_S * 1000)
FIRST = at(0) // SCHEDULE.every_ms


def named(name: str) -> ForestVersion:
    return ForestVersion(lambda: ForestScorer(forest_model()), 0.6, name)


DEFAULT, ONE, TWO, THREE, FOUR = (named(name) for name in ("cold", "one", "two", "three", "four"))


def used_from(epoch: int) -> int:
    """The first instant at which the forest of that epoch (counted from `BEGINNING`) judges."""
    return at(epoch * HALF_HOUR_S + LEAD_S)


@pytest.fixture
def forests() -> ForestRegistry:
    return ForestRegistry(SCHEDULE, DEFAULT)


def test_without_refits_the_cold_forest_judges_everything() -> None:
    forests = ForestRegistry(RefitSchedule(0, 0), DEFAULT)
    assert forests.lookup("news", at(0)) is DEFAULT
    assert forests.resolve("news", at(0)) is DEFAULT


def test_a_type_nobody_has_announced_is_pending_and_settles_for_the_cold_forest(forests: ForestRegistry) -> None:
    assert forests.lookup("news", at(0)) == "pending"
    assert forests.resolve("news", at(0)) is DEFAULT


#   begins with epoch 1       35 min: forest 1 is due       announced
#   |------- cold ------------|------- pending -------------|------- one ------
def test_a_window_is_pending_from_when_a_forest_is_due_until_it_is_announced(forests: ForestRegistry) -> None:
    forests.begin("news", FIRST + 1)
    assert forests.lookup("news", used_from(1) - 1) is DEFAULT
    assert forests.lookup("news", used_from(1)) == "pending"
    assert forests.resolve("news", used_from(1)) is DEFAULT
    forests.add("news", FIRST + 1, ONE)
    assert forests.lookup("news", used_from(1)) is ONE
    assert forests.lookup("news", used_from(1) - 1) is DEFAULT
    assert forests.lookup("news", used_from(2)) == "pending"


def test_a_forest_that_was_not_fitted_leaves_the_one_before_in_force(forests: ForestRegistry) -> None:
    forests.begin("news", FIRST + 1)
    forests.add("news", FIRST + 1, ONE)
    forests.add("news", FIRST + 2, None)
    assert forests.lookup("news", used_from(2)) is ONE


def test_types_do_not_wait_for_each_other(forests: ForestRegistry) -> None:
    forests.begin("news", FIRST + 1)
    forests.begin("video", FIRST + 1)
    forests.add("news", FIRST + 1, ONE)
    assert forests.lookup("news", used_from(1)) is ONE
    assert forests.lookup("video", used_from(1)) == "pending"


def test_beginning_again_after_a_rest_settles_the_epochs_between(forests: ForestRegistry) -> None:
    forests.begin("news", FIRST + 1)
    forests.add("news", FIRST + 1, ONE)
    assert forests.lookup("news", used_from(2)) == "pending"
    forests.begin("news", FIRST + 5)
    assert forests.lookup("news", used_from(1)) is ONE
    assert forests.lookup("news", used_from(4)) is ONE
    assert forests.lookup("news", used_from(5)) == "pending"


def test_an_announcement_without_a_beginning_counts_from_its_own_epoch(forests: ForestRegistry) -> None:
    forests.add("news", FIRST + 2, TWO)
    assert forests.lookup("news", used_from(1)) is DEFAULT
    assert forests.lookup("news", used_from(2)) is TWO


def test_a_forest_is_kept_while_a_window_may_need_it(forests: ForestRegistry) -> None:
    """However far the refits are ahead of the windows: in a fast replay many epochs."""
    for epoch in range(1, 10):
        forests.add("news", FIRST + epoch, (ONE, TWO, THREE, FOUR)[epoch % 4], watermark=at(0))
    found = [forests.lookup("news", used_from(epoch)) for epoch in range(10)]
    assert found == [DEFAULT, *((ONE, TWO, THREE, FOUR)[epoch % 4] for epoch in range(1, 10))]


def test_a_forest_that_no_window_can_need_any_more_is_dropped(forests: ForestRegistry) -> None:
    for epoch in range(1, 10):
        forests.add("news", FIRST + epoch, (ONE, TWO, THREE, FOUR)[epoch % 4], watermark=used_from(epoch - 1))
    # The watermark stands in epoch 8, and windows of silence are judged an epoch later at most.
    assert forests.resolve("news", used_from(7)) is FOUR
    assert forests.resolve("news", used_from(6)) is DEFAULT


def test_a_forest_of_a_type_that_was_not_refitted_for_a_day_is_not_used(forests: ForestRegistry) -> None:
    forests.add("news", FIRST + 1, ONE)
    forests.begin("news", FIRST + 2 + MAX_AGE_EPOCHS)
    assert forests.lookup("news", used_from(MAX_AGE_EPOCHS)) is ONE
    assert forests.lookup("news", used_from(1 + MAX_AGE_EPOCHS)) is DEFAULT


def test_types_that_have_vanished_are_forgotten(forests: ForestRegistry) -> None:
    for number in range(100):
        epoch = FIRST + number * (MAX_AGE_EPOCHS + 3)
        forests.add(f"type-{number}", epoch, ONE, watermark=epoch * SCHEDULE.every_ms)
    assert len(forests) <= 2


def test_where_no_other_type_can_have_a_forest_none_is_waited_for(forests: ForestRegistry) -> None:
    forests.on_refit(RefitMessage("", FIRST + 3, "full"))
    assert forests.lookup("one too many", used_from(3)) is DEFAULT
    assert forests.lookup("one too many", used_from(4)) == "pending"


def test_forests_are_loaded_one_after_another_or_when_they_score(forests: ForestRegistry) -> None:
    loaded: list[str] = []

    def load(name: str) -> ForestVersion:
        def scorer() -> ForestScorer:
            loaded.append(name)
            return ForestScorer(forest_model())

        return ForestVersion(scorer, 0.6, name)

    for name in ("news", "video", "sport"):
        forests.add(name, FIRST + 1, load(name))
    assert loaded == []
    forests.load_next()
    assert loaded == ["news"]
    _ = forests.resolve("video", used_from(1)).scorer
    forests.load_next()
    forests.load_next()
    assert loaded == ["news", "video", "sport"]
    assert not forests.has_unloaded


def test_a_straggling_window_gets_the_forest_of_its_own_time(forests: ForestRegistry) -> None:
    for epoch, forest in ((1, ONE), (2, TWO)):
        forests.add("news", FIRST + epoch, forest)
    assert forests.resolve("news", used_from(2) - 1) is ONE


def test_unknown_values_are_zero_to_the_forest() -> None:
    values = session_values(clicks=1.5, scroll_depth=NAN)
    row = dict(zip(FOREST_FEATURES, to_feature_row(values)[0].tolist(), strict=True))
    assert (row["clicks"], row["scroll_depth"]) == (1.5, 0.0)
    assert str(to_feature_row(values).dtype) == "float32"
