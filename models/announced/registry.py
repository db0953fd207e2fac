"""Registry of the announced models in force: by id, and by event time."""

from collections.abc import Iterator
from typing import Final

from models.announced.checking import check_record
from models.announced.errors import ModelRefusedError
from models.announced.loading import LoadedModel, load
from models.announced.timeline import Timeline
from models.isolation_forest.registry import ForestRegistry, ForestVersion
from schemas.model_cards import SHADOW, ModelKind, model_id, shadow_key

MAX_MODELS: Final = 32
"""Ids that may have a model at one time: each is memory of every subtask, and part of every checkpoint."""


class ModelRegistry:
    """Takes announcements, and answers which model scores a window.

    A forest goes to `forests`, where it takes the place of the one that the job began with. A model in shadow stands under a key
    of its own and takes nobody's place.
    """

    def __init__(self, forests: ForestRegistry) -> None:
        self._forests = forests
        self._by_id: dict[str, Timeline[LoadedModel]] = {}
        self.has_shadows = False
        """Whether any model is in shadow: windows ask for nothing else where none is."""

    def __len__(self) -> int:
        """Number of ids that have a model."""
        return len(self._by_id)

    def __contains__(self, kind: ModelKind) -> bool:
        """Whether there is a model of that kind for readers of all segments, or of some."""
        return any(each == kind or each.startswith(kind + ".") for each in self._by_id)

    def announce(self, key: str, body: str) -> tuple[LoadedModel, int, list[int]]:
        """Takes up what a record announces; returns the model, the time from which it is in force, and the times of the versions
        that are forgotten. Raises `ModelRefusedError`; all stays as it was then."""
        checked = check_record(key, body)
        if key not in self._by_id and len(self._by_id) >= MAX_MODELS:
            raise ModelRefusedError(f"{MAX_MODELS} models are in force already; delete one first")
        for known in self._by_id.get(key, Timeline()).versions:
            if known.card.version == checked.card.version and known.card.sha256 != checked.card.sha256:
                raise ModelRefusedError(
                    f"version {known.card.version} is in force with other bytes: commands name versions, so give the new model "
                    "another one"
                )
        model = load(checked)
        card, from_ms = model.card, checked.from_ms
        forgotten = self._by_id.setdefault(key, Timeline()).put(from_ms, model)
        self._count_shadows()
        forest = model.forest
        if forest is not None and card.threshold is not None and checked.mode == "active":
            name = f"{card.id}@{card.version}"
            self._forests.announced.put(from_ms, ForestVersion(lambda: forest, card.threshold, name))
        return model, from_ms, forgotten

    def withdraw(self, key: str) -> None:
        """Forgets the models of an id, at once."""
        self._by_id.pop(key, None)
        self._count_shadows()
        if key == model_id("isolation_forest"):
            self._forests.announced = Timeline()

    def find(self, kind: ModelKind, segment: str | None, at_ms: int) -> LoadedModel | None:
        """Returns the model for a window that ends at `at_ms`: that of the reader's segment, else that of all readers."""
        own = None if segment is None else self._at(model_id(kind, segment), at_ms)
        return own if own is not None else self._at(model_id(kind), at_ms)

    def find_shadow(self, kind: ModelKind, segment: str | None, at_ms: int) -> LoadedModel | None:
        """Likewise the model in shadow, which looks at the same window."""
        own = None if segment is None else self._at(shadow_key(model_id(kind, segment)), at_ms)
        return own if own is not None else self._at(shadow_key(model_id(kind)), at_ms)

    def _at(self, key: str, at_ms: int) -> LoadedModel | None:
        timeline = self._by_id.get(key)
        return None if timeline is None else timeline.at(at_ms)

    def _count_shadows(self) -> None:
        self.has_shadows = any(key.startswith(SHADOW) for key in self._by_id)

    def newest(self) -> Iterator[tuple[str, LoadedModel, int]]:
        """Yields each id in order, with the model that was announced last, and the time from which it is in force."""
        for key in sorted(self._by_id):
            timeline = self._by_id[key]
            if (model := timeline.newest) is not None:
                yield key, model, timeline.times[-1]
