"""Takes up the state of operators with other features than the job's: ``python -m tests.support.other_features CHANGE STORY``.

A process of its own, because modules read the registry when they are imported. It reads a state from standard input, tells
the operators a little more, and writes what they emitted and the state they left.
"""

import json
import subprocess
import sys
from typing import Any, Final

import msgspec

import models.features as registry
from infra.local.home import PROJECT
from models.feature_layout import FeatureLayout
from models.judgement.habit import Habit
from tests.support.flink_fakes import FakeFlink, Running, lines

CHANGES: Final = ("none", "added", "removed", "reordered")


def change_features(change: str) -> None:
    """Changes the registry before any other module has read it."""
    features = {
        "none": registry.SESSION_FEATURES,
        "added": (
            registry.Feature(
                "likes", "count", "contents liked", "0e0", when_silent=0.0, habit=Habit("lk", 1.0, 1.0, 1.0, 3.0)
            ),
            *registry.SESSION_FEATURES,
        ),
        "removed": tuple(each for each in registry.SESSION_FEATURES if each.name != "hover_ms"),
        "reordered": registry.SESSION_FEATURES[::-1],
    }[change]
    names = tuple(each.name for each in features)
    layout = FeatureLayout(names, registry.FIRST_SESSION_NAMES)
    vars(registry).update(SESSION_FEATURES=features, SESSION_NAMES=names, SESSION_LAYOUT=layout)
    vars(registry).update(FOREST_FEATURES=tuple(each.name for each in features if each.in_forest))
    registry.silent_values.__defaults__ = (features,)


def taken_up(change: str, story: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a process with other features makes of a state: `story` is windows or site."""
    argv = [sys.executable, "-m", "tests.support.other_features", change, story]
    done = subprocess.run(argv, cwd=PROJECT, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def to_json(flink: FakeFlink) -> dict[str, Any]:
    timers = sorted(flink.timers)
    return {
        "values": flink.values,
        "lists": flink.lists,
        "broadcast": flink.broadcast,
        "timers": timers,
        "watermark": flink.watermark,
    }


def from_json(state: dict[str, Any]) -> FakeFlink:
    return FakeFlink(**state | {"timers": {(at_ms, key) for at_ms, key in state["timers"]}})


def habits_by_name(window_state: dict[str, Any], session: str) -> dict[str, list[float]]:
    """Present minutes that a habit was learned from, and their sum, by the name of the feature."""
    from models.judgement.judged_session import JudgedSession
    from models.judgement.layout import HABIT_NAMES

    text = lines(window_state["values"]["session-v2"]["s" + session])["habits-v1"]
    habits = JudgedSession.from_text(text).judgement.habits
    return {name: [habits.minutes[place], habits.totals[place]] for place, name in enumerate(HABIT_NAMES)}


def story(window_state: dict[str, Any], refit_state: dict[str, Any]) -> dict[str, Any]:
    """Engaged time falls from the 41st window of a session on, and a pending window goes on; then a forest is fitted."""
    # Imported here: not before the registry has been changed.
    from models.isolation_forest.schedule import RefitSchedule
    from tests.support.builders import (
        ANNA,
        BEN,
        EVERY_MS,
        WINDOW_MS,
        at,
        forest_card,
        forest_model,
        rule,
        session_window,
    )
    from tests.support.operator_outputs import commands, fed
    from udfs.forest_refit import ForestRefit
    from udfs.window_commands import WindowCommands

    odd = rule(
        id="odd", when=[{"feature": "engaged_ms", "change_below": -0.02}], then={"action": "prompt"}, cooldown_s=1
    )
    scored = rule(id="scored", when=[{"forest": "threshold"}], then={"action": "expand"}, cooldown_s=1)
    schedule = RefitSchedule(1_800_000, 300_000)
    windows = WindowCommands(
        (odd, scored),
        forest_model(),
        forest_card(forest_model()),
        schedule,
        RefitSchedule(0, 0),
        WINDOW_MS,
        EVERY_MS,
        False,
    )
    job, refits = (
        Running(windows, from_json(window_state)),
        Running(ForestRefit(1_800_000, 300_000), from_json(refit_state)),
    )
    emitted = fed(job, [session_window(470, engaged_ms=1_000)])
    emitted += job.advance(at(470))
    emitted += fed(job, [session_window(530, engaged_ms=1_000), session_window(540, engaged_ms=1_000)])
    later = [session_window(480 + n, f"later-{n}") for n in range(100)]
    fitted = [each for row in later for each in refits.send("news", row)] + refits.advance(at(1_800))
    return {
        "commands": [msgspec.to_builtins(each) for each in commands(emitted)],
        "refits": [json.loads(each[2]) for each in fitted],
        "features": list(registry.SESSION_NAMES),
        "habits": {session: habits_by_name(to_json(job.flink), session) for session in (ANNA, BEN)},
        "forest_features": list(registry.FOREST_FEATURES),
        "windows": to_json(job.flink),
        "forests": to_json(refits.flink),
    }


def site_story(given: dict[str, Any]) -> dict[str, Any]:
    """The site's cards are made for ten minutes more; `message` is read as a restored job does."""
    from models.isolation_forest.schedule import RefitSchedule
    from models.judgement.card_registry import LEAD_MS, CardRegistry
    from models.judgement.layout import HABIT_NAMES, LEVEL_NAMES
    from models.judgement.messages import CardMessage
    from models.judgement.site_statistics import CARD_MS
    from tests.support.site_crowd import go_on
    from udfs.site_cards import SiteCards

    schedule = RefitSchedule(CARD_MS, LEAD_MS)
    registry = CardRegistry(schedule)
    message = msgspec.convert(given["message"], CardMessage)
    registry.on_message(message)
    card = registry.resolve("reader", schedule.boundary_ms(message.epoch) + LEAD_MS)
    names = [*HABIT_NAMES, *LEVEL_NAMES]
    job = Running(SiteCards(CARD_MS, LEAD_MS, False), from_json(given["state"]))
    messages = go_on(job, given["since_s"], given["until_s"], given["refills"])
    return {
        "habits": HABIT_NAMES,
        "levels": LEVEL_NAMES,
        "read": card.to_json() | {"known": [name for place, name in enumerate(names) if card.knows(place)]},
        "made": [msgspec.to_builtins(each) for each in messages if each.status == "made"],
        "state": to_json(job.flink),
    }


if __name__ == "__main__":
    change_features(sys.argv[1])
    given = json.load(sys.stdin)
    found = site_story(given) if sys.argv[2] == "site" else story(given["windows"], given["forests"])
    json.dump(found, sys.stdout)
