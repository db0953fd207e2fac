"""Control state of announced models: each reaches every subtask by broadcast, is swapped in place, and survives a restart."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from models.announced.errors import ModelRefusedError
from models.announced.registry import ModelRegistry
from schemas.unreadable import UNREADABLE
from udfs.stages.control_outcomes import ControlOutcome

_log: Final = logging.getLogger(__name__)

PREFIX: Final = "model:"
"""In front of ``FROM_MS:ID`` in broadcast state; the value is the record. The versions in the state are those in the registry."""


class ModelBroadcast:
    """Owns what broadcast state holds of models. A model that cannot be used changes nothing: the version before stays."""

    def __init__(self, models: ModelRegistry, refused: Any) -> None:
        """`refused` is the counter of models that could not be used."""
        self.models = models
        self._refused = refused
        self._outcomes: list[ControlOutcome] = []

    def drain_outcomes(self) -> list[ControlOutcome]:
        """What became of each model since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def on_row(self, key: str | None, body: str | None, state: Any) -> None:
        """Applies one record, and stores it in broadcast `state`; without a body it deletes the model."""
        key = key or ""
        if not body:
            self.models.withdraw(key)
            for name in [name for name, _ in state.items() if _id_of(name) == key]:
                state.remove(name)
            self._outcomes.append(ControlOutcome("model", key, None))
            return
        outcome, forgotten = self._announce(key, body)
        if outcome.from_ms is not None:
            for from_ms in forgotten:
                state.remove(f"{PREFIX}{from_ms}:{key}")
            state.put(f"{PREFIX}{outcome.from_ms}:{key}", body)
        self._outcomes.append(outcome)

    def _announce(self, key: str, body: str) -> tuple[ControlOutcome, list[int]]:
        try:
            model, from_ms, forgotten = self.models.announce(key, body)
        # Whatever a record from the topic does to the code that reads it, the job goes on: it would restart for ever.
        except Exception as error:
            reason = str(error) if isinstance(error, ModelRefusedError) else f"{type(error).__name__}: {error}"
            self._refused.inc()
            _log.warning("the model under %r stays as it was: %s", key[:64], reason[:500])
            return ControlOutcome("model", key, _version(body), None, reason), []
        return ControlOutcome("model", key, model.card.version, from_ms), forgotten

    def restore(self, stored: Mapping[str, str]) -> None:
        """Takes what broadcast state held before a restart. What this job cannot use any more is refused, as if it came anew."""
        found = [(_id_of(name) or "", int(name.split(":", 2)[1]), name) for name in stored if name.startswith(PREFIX)]
        refused: list[ControlOutcome] = []
        for key, _, name in sorted(found):
            outcome, _ = self._announce(key, stored[name])
            if outcome.refused is not None:
                refused.append(outcome)
        in_force = [
            ControlOutcome("model", key, model.card.version, from_ms) for key, model, from_ms in self.models.newest()
        ]
        self._outcomes = [*in_force, *refused]


def _id_of(name: str) -> str | None:
    """The id in a name in the state; None where it is no model's."""
    return name.split(":", 2)[2] if name.startswith(PREFIX) else None


class _Glance(msgspec.Struct):
    """What a refused record may still say of itself."""

    card: Any = None


def _version(body: str) -> int | None:
    try:
        card = msgspec.json.decode(body, type=_Glance).card
    except UNREADABLE:
        return None
    version = card.get("version") if isinstance(card, dict) else None
    return version if type(version) is int and abs(version) < 2**53 else None
