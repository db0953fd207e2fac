"""The site's cards of a job with the shipped features, taken up by jobs with a feature more, one fewer, or another order."""

from functools import cache
from typing import Any

import msgspec
import pytest

from models.judgement.card_registry import LEAD_MS
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES, LEVEL_NAMES
from models.judgement.site_sample import half_of
from models.judgement.site_statistics import CARD_MS
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.other_features import taken_up, to_json
from tests.support.site_crowd import READERS, go_on
from udfs.site_cards import SiteCards

Answer = dict[str, Any]
CHANGES = ("added", "removed", "reordered")
ENDS_S, GOES_ON_UNTIL_S = 1_380, 2_200
"""The end of a minute: one that the change cuts in two is not scored."""
OF_HABITS = ("means", "dispersions", "moods", "weights", "base", "level")


def site(flink: FakeFlink | None = None) -> Running:
    return Running(SiteCards(CARD_MS, LEAD_MS, False), flink)


@cache
def left_behind() -> Answer:
    """State of 22 minutes, in the middle of an epoch, and the last cards."""
    job = site()
    made = [each for each in go_on(job, 60, ENDS_S, False) if each.status == "made"]
    return {"state": to_json(job.flink), "message": msgspec.to_builtins(made[-1])}


def site_taken_up(change: str, state: Answer, message: Answer, since_s: int, until_s: int) -> Answer:
    given = {"state": state, "message": message, "since_s": since_s, "until_s": until_s, "refills": True}
    return taken_up(change, "site", given)


@cache
def changed(change: str) -> Answer:
    left = left_behind()
    return site_taken_up(change, left["state"], left["message"], ENDS_S + 10, GOES_ON_UNTIL_S)


@cache
def unchanged() -> list[Answer]:
    """The cards of a job that goes on without a change."""
    job = site()
    made = [each for each in go_on(job, 60, GOES_ON_UNTIL_S, False) if each.status == "made"]
    return [msgspec.to_builtins(each) for each in made]


def by_name(card: Answer, habits: list[str], levels: list[str]) -> dict[str, list[Any]]:
    """What a card says of each habit and level."""
    names = [*habits, *levels]
    found: dict[str, list[Any]] = {
        name: [card[part][place] for part in ("means", "ranks", "scores")] for place, name in enumerate(names)
    }
    for place, name in enumerate(habits):
        found[name] += [card[part][place] for part in OF_HABITS]
    return found


def numbers(said: list[Any]) -> list[float]:
    return [each for part in said for each in (part if isinstance(part, list) else [part])]


@pytest.mark.parametrize("change", CHANGES)
def test_a_card_in_force_is_read_by_name(change: str) -> None:
    found, card = changed(change), left_behind()["message"]["cards"][half_of("reader")]
    assert card["readers"] > 0
    read = by_name(found["read"], found["habits"], found["levels"])
    before = by_name(card, list(HABIT_NAMES), list(LEVEL_NAMES))
    for name in read.keys() - {"likes"}:
        assert read[name] == before[name]
    assert ("likes" in found["read"]["known"]) is False
    assert set(found["read"]["known"]) == read.keys() - {"likes"}
    if change == "added":
        mean, ranks, scores, *_, base, level = read["likes"]
        assert (mean, ranks, scores, base, level) == (1.0, [], [], 0.0, 1.0)


@pytest.mark.parametrize("change", CHANGES)
def test_later_cards_are_those_of_a_job_without_the_change(change: str) -> None:
    """Almost: the site's level of the first minute is that of the slices that its windows have."""
    found, epoch = changed(change), left_behind()["message"]["epoch"]
    later = [each for each in unchanged() if each["epoch"] > epoch]
    assert [each["epoch"] for each in found["made"]] == [each["epoch"] for each in later]
    assert len(later) >= 3
    for made, expected in zip(found["made"], later, strict=True):
        for card, other in zip(made["cards"], expected["cards"], strict=True):
            assert (card["readers"], card["silence_ms"]) == (other["readers"], other["silence_ms"])
            said = by_name(card, found["habits"], found["levels"])
            wanted = by_name(other, list(HABIT_NAMES), list(LEVEL_NAMES))
            for name in said.keys() & wanted.keys():
                assert numbers(said[name]) == pytest.approx(numbers(wanted[name]), rel=0.05, abs=0.05, nan_ok=True), (
                    name
                )


def test_a_habit_that_was_added_is_known_after_as_much_as_a_site() -> None:
    found = changed("added")
    place = found["habits"].index("likes")
    known = [bool(each["cards"][0]["ranks"][place]) for each in found["made"]]
    assert known == sorted(known)
    assert known[-1]
    assert not known[0]
    last = found["made"][-1]["cards"][0]
    # One a minute; minutes before there was such a feature do not count as minutes without one.
    assert last["base"][place] == pytest.approx(1.0, abs=0.15)
    assert last["level"][place] == pytest.approx(1.0, abs=0.15)
    assert last["means"][place] == pytest.approx(1.0, abs=0.15)
    assert all(
        each["cards"][0]["base"][place] == 0.0
        for each, is_known in zip(found["made"], known, strict=True)
        if not is_known
    )


def test_a_site_that_is_not_known_yet_does_not_wait_for_an_added_habit() -> None:
    early_s = 420
    job = site()
    message = [msgspec.to_builtins(each) for each in go_on(job, 60, early_s, False)][-1]
    assert not any(card["ranks"] for card in message["cards"])
    found = site_taken_up("added", to_json(job.flink), message, early_s + 10, 1_300)
    known_from = [
        next(each["epoch"] for each in made if each["cards"][0]["ranks"]) for made in (found["made"], unchanged())
    ]
    assert known_from[0] == known_from[1]
    first = next(each["cards"][0] for each in found["made"] if each["cards"][0]["ranks"])
    place = found["habits"].index("likes")
    assert (first["ranks"][place], first["base"][place]) == ([], 0.0)


def test_the_way_back_finds_what_stayed() -> None:
    found = changed("added")
    back = site_taken_up("none", found["state"], found["made"][-1], GOES_ON_UNTIL_S + 10, GOES_ON_UNTIL_S + 400)
    assert set(back["read"]["known"]) == {*HABIT_NAMES, *LEVEL_NAMES}
    assert back["made"][0]["cards"][0]["readers"] + back["made"][0]["cards"][1]["readers"] == READERS


def test_two_changes_within_an_epoch_leave_the_habits_as_they_were() -> None:
    """With a feature for four minutes, and without it again before the cards of that epoch were made."""
    back_s = ENDS_S + 70
    left = left_behind()
    found = site_taken_up("added", left["state"], left["message"], ENDS_S + 10, back_s)
    assert found["made"] == []
    back = site_taken_up("none", found["state"], left["message"], back_s + 10, GOES_ON_UNTIL_S)
    later = [each for each in unchanged() if each["epoch"] > left["message"]["epoch"]]
    assert [each["epoch"] for each in back["made"]] == [each["epoch"] for each in later]
    for made, expected in zip(back["made"], later, strict=True):
        for card, other in zip(made["cards"], expected["cards"], strict=True):
            for part in ("means", "level"):
                assert card[part] == pytest.approx(other[part], rel=0.05, abs=0.05, nan_ok=True), part


@pytest.mark.parametrize("level", ["aa", ""])
def test_a_change_of_levels_alone_is_a_change_of_features(level: str) -> None:
    text = JudgedSession().to_text()
    assert JudgedSession.is_of_these_features(text)
    ring, levels, judgement = text.split(" ", 2)
    keys, _, body = levels.partition(":")
    assert not JudgedSession.is_of_these_features(f"{ring} {level}{keys[2:]}:{body} {judgement}")
