"""Scores commands against the behaviours planted in a recording."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from infra.simulate.recording import RecordingError
from schemas.unreadable import UNREADABLE

GRACE_MS: Final = 75_000
"""A window that ends a minute and a hop after a behaviour has still seen some of it."""


ALSO_ANSWERS: Final = {"slow_network": ("simplify_layout",)}
"""Further actions that answer a behaviour: a phone on a slow network gets fewer things around the text as well."""


class Episode(Struct, frozen=True, omit_defaults=True):
    """A behaviour that was planted, and the action that answers it. Times in ms of event time."""

    behaviour: str
    action: str
    target_kind: Literal["session", "content"]
    target_id: str
    from_ms: int
    until_ms: int
    parameters: dict[str, Any] = {}
    """Parameters of the action that must match, where one action answers several behaviours."""

    def answers(self, command: Mapping[str, Any]) -> bool:
        """Tells whether a command (as JSON object) answers this episode."""
        return bool(
            (command["action"] == self.action or command["action"] in ALSO_ANSWERS.get(self.behaviour, ()))
            and command["target"]["kind"] == self.target_kind
            and command["target"]["id"] == self.target_id
            and self.from_ms <= command["issued_at_ms"] <= self.until_ms + GRACE_MS
            and self.parameters.items() <= command["parameters"].items()
        )


class Truth(Struct):
    """All episodes of a recording, and what else it holds: events in all, repeated ones, late ones, records that are none."""

    episodes: list[Episode]
    events: int
    duplicates: int
    late: int
    rejected: int


class Score(Struct):
    """Precision: share of commands that answer an episode. Recall: share of episodes answered. None of nothing."""

    commands: int
    episodes: int
    precision: float | None
    recall: float | None
    seconds_to_detect: dict[str, float]
    """Median by behaviour, in event time."""
    missed: list[str]
    wrong: list[str]


def commands_that_change(commands: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The commands that change something: neither reverts nor renewals, which prolong the same rule's command."""
    until_ms: dict[tuple[str, str, str, str], int] = {}
    found = []
    for each in sorted(commands, key=lambda command: command["issued_at_ms"]):
        if each["action"] == "revert":
            continue
        # Parameters are JSON: their text tells two apart.
        what = (each["target"]["id"], each["source"]["id"], each["action"], repr(each["parameters"]))
        if until_ms.get(what, 0) <= each["issued_at_ms"] or each["action"] == "prompt":
            found.append(each)
        until_ms[what] = each["expires_at_ms"]
    return found


def score(episodes: Iterable[Episode], commands: Iterable[Mapping[str, Any]]) -> Score:
    """Scores commands (as JSON objects) against the planted episodes. Those of schedules need no cause and are left out."""
    planted = list(episodes)
    given = [each for each in commands_that_change(commands) if each["source"]["kind"] != "schedule"]
    answered: dict[int, int] = {}
    wrong = []
    for command in given:
        hits = [number for number, episode in enumerate(planted) if episode.answers(command)]
        if not hits:
            wrong.append(f"{command['action']} for {command['target']['id']} by {command['source']['id']}")
        for number in hits:
            answered[number] = min(answered.get(number, 2**63), command["issued_at_ms"])
    delays: dict[str, list[float]] = {}
    for number, at_ms in answered.items():
        episode = planted[number]
        delays.setdefault(episode.behaviour, []).append((at_ms - episode.from_ms) / 1000)
    return Score(
        commands=len(given),
        episodes=len(planted),
        precision=(len(given) - len(wrong)) / len(given) if given else None,
        recall=len(answered) / len(planted) if planted else None,
        seconds_to_detect={name: median(times) for name, times in sorted(delays.items())},
        missed=[f"{each.behaviour} of {each.target_id}" for n, each in enumerate(planted) if n not in answered],
        wrong=wrong,
    )


def truth_path(recording: Path) -> Path:
    """Returns the path of a recording's ground truth: ``sample.truth.json`` for ``sample.jsonl.gz``."""
    return recording.with_name(recording.name.removesuffix(".gz").removesuffix(".jsonl") + ".truth.json")


def content_path(recording: Path) -> Path:
    """Returns the path of the content items of a recording: ``sample.content.jsonl`` for ``sample.jsonl.gz``."""
    return recording.with_name(recording.name.removesuffix(".gz").removesuffix(".jsonl") + ".content.jsonl")


def read_truth(recording: Path) -> Truth | None:
    """Reads a recording's ground truth; None where there is none, as for real data. Raises `RecordingError`."""
    path = truth_path(recording)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Truth)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE) as error:
        raise RecordingError(f"{path} is no truth of a recording, as simulate writes it: {error}") from None
