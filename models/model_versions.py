"""The version store: trained models, each version with its artefact, card and findings, and which one is promoted."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.announced.artefact import require_onnx
from models.model_store import ModelError, StoredModel
from models.store_addresses import files_at
from models.version_files import CARD, FolderFiles, VersionFiles
from schemas.model_cards import (
    MAX_ARTEFACT_BYTES,
    MODEL_ID,
    MODEL_ID_WORDS,
    CorruptModelError,
    ModelCard,
    require_checksum,
)
from schemas.unreadable import UNREADABLE

ARTEFACT: Final = "model.onnx"
PROMOTIONS: Final = "promotions.json"
"""All promotions in one file, as versions before 0.3.0 wrote them: read, and not written any more."""
PROMOTION_FILES: Final = "promotions"
"""Folder with a file for each promotion, 1.json and so on, which is never changed."""
EVALUATION: Final = "evaluation.json"
"""What the gate found."""
REPORT: Final = "report.html"

_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
"""Names of folders that hold a version. Other digits, as ² or 007, are no names that the store gives."""

_ATTEMPTS: Final = 20
"""For the next free number, where two trainings end at once."""


Findings = Mapping[str, bytes] | Callable[[ModelCard], Mapping[str, bytes]]


class Promotion(Struct, omit_defaults=True):
    """A version was put in force: by `promote`, or by `rollback` to it; or none is any more, after `withdraw` of it."""

    version: int
    kind: Literal["promote", "rollback", "withdraw"]
    at_ms: int
    by: str
    announced: bool | None = None
    """Whether it was written to models.v1; None in records from before this was noted."""


class ModelVersions:
    """Versions of models by id: STORE/ID/VERSION/ with `model.onnx` and `card.json`, and STORE/ID/promotions/NUMBER.json.

    A reader never meets half a version. All calls raise `ModelError`, with the place and the fix.
    """

    def __init__(self, store: Path | VersionFiles) -> None:
        self._files: VersionFiles = FolderFiles(store) if isinstance(store, Path) else store

    @classmethod
    def at(cls, location: str) -> "ModelVersions":
        """Opens the store at a path, a file:// address, or another address that fsspec has a driver for.

        >>> ModelVersions.at("memory://models").ids()
        []
        """
        return cls(files_at(location))

    def shown(self) -> str:
        """Returns the path or address of the store, as people read it: no password is in it."""
        return self._files.place()

    def ids(self) -> list[str]:
        """Returns the ids that have a version, in order."""
        found = self._files.names()
        if not found:
            self._files.require_folder()
        return sorted(each for each in found if MODEL_ID.fullmatch(each) and self.versions(each))

    def versions(self, model_id: str) -> list[int]:
        """Returns the versions of an id, ascending."""
        names = self._files.whole_versions(_checked(model_id))
        return sorted(int(each) for each in names if _VERSION.fullmatch(each))

    def place(self, model_id: str, version: int, *name: str) -> str:
        """Returns the path or address of a version, or of a file of it, as people read it: no password is in it."""
        self._require(model_id, version)
        return self._files.place(model_id, str(version), *name)

    def address(self, model_id: str, version: int) -> str:
        """Returns the address of a version, as file:// or another protocol."""
        self._require(model_id, version)
        return self._files.address(model_id, str(version))

    def written_ms(self, model_id: str, version: int) -> int | None:
        """Returns when the card of a version was written; None where the store does not know."""
        self._require(model_id, version)
        try:
            return self._files.written_ms(model_id, str(version), CARD)
        except OSError as error:
            raise _damaged(self._files.place(model_id, str(version)), CARD, error) from None

    def _require(self, model_id: str, version: int) -> None:
        # The name first: one that is too long for a file is an error of the operating system.
        name = str(version)
        if not _VERSION.fullmatch(name) or not self._files.has_version(_checked(model_id), name):
            known = self.versions(model_id)
            there = (
                f"there are {', '.join(map(str, known))}"
                if known
                else f"the store {self._files.place()} has none of it"
            )
            raise ModelError(f"model {model_id}: no version {version}; {there}")

    def require_writable(self, model_id: str) -> None:
        """Raises `ModelError` where no version of an id could be stored, before a training spends minutes on one."""
        self._files.require_folder()
        self._files.require_writable(_checked(model_id))

    def add(self, card: ModelCard, artefact: bytes, findings: Findings | None = None) -> ModelCard:
        """Stores a model as the next version of its id, with further files by name; returns its card with that version.

        `findings` may be made of the card with its version, so that a report can name it.
        """
        _require_onnx(artefact, card, "the new model")
        number = 0
        for _ in range(_ATTEMPTS):
            # A number that a training took and has not written to its end, or never will, is passed over.
            number = max(number, *self.versions(card.id), 0) + 1
            numbered = msgspec.structs.replace(card, version=number)
            encoded = msgspec.json.format(msgspec.json.encode(numbered), indent=2) + b"\n"
            further = findings(numbered) if callable(findings) else findings or {}
            with suppress(FileExistsError):
                self._files.write_version(card.id, str(number), {ARTEFACT: artefact, **further, CARD: encoded})
                return numbered
        raise ModelError(f"model {card.id}: no free version in {self._files.place()} after {_ATTEMPTS} attempts")

    def load(self, model_id: str, version: int) -> StoredModel:
        """Loads a version, checked: card, size, bytes. Nothing but ONNX is opened."""
        card = self.card(model_id, version)
        place = self._files.place(model_id, str(version))
        try:
            artefact = self._files.read(model_id, str(version), ARTEFACT, limit=MAX_ARTEFACT_BYTES)
        except OSError as error:
            raise _damaged(place, ARTEFACT, error) from None
        if len(artefact) > MAX_ARTEFACT_BYTES:
            raise ModelError(f"{place}: {ARTEFACT} is longer than {MAX_ARTEFACT_BYTES} bytes")
        _require_onnx(artefact, card, place)
        return StoredModel(card, artefact)

    def card(self, model_id: str, version: int) -> ModelCard:
        """Returns the card of a version, without looking at its artefact."""
        place = self.place(model_id, version)
        try:
            card = msgspec.json.decode(self._files.read(model_id, str(version), CARD), type=ModelCard)
        except (OSError, *UNREADABLE) as error:
            raise _damaged(place, CARD, error) from None
        if (card.id, card.version) != (model_id, version):
            raise ModelError(
                f"{place}: the card is of {card.id} version {card.version}; take back the card of this version"
            )
        return card

    def read(self, model_id: str, version: int, name: str) -> bytes | None:
        """Returns a further file of a version; None where it has none of that name."""
        place = self.place(model_id, version, name)
        try:
            return self._files.read(model_id, str(version), name)
        except (FileNotFoundError, IsADirectoryError):
            return None
        except OSError as error:
            raise ModelError(f"{place} cannot be read: {error}") from None

    def promotions(self, model_id: str) -> list[Promotion]:
        """Returns what was put in force, oldest first."""
        found: list[Promotion] = []
        path: tuple[str, ...] = (model_id, PROMOTIONS)
        try:
            if PROMOTIONS in self._files.names(_checked(model_id)):
                found = msgspec.json.decode(self._files.read(*path), type=list[Promotion])
            for number in self._promotion_numbers(model_id):
                path = (model_id, PROMOTION_FILES, f"{number}.json")
                found.append(msgspec.json.decode(self._files.read(*path), type=Promotion))
        except (OSError, *UNREADABLE) as error:
            raise ModelError(
                f"{self._files.place(*path)}, which says what is in force, cannot be read: {error}; take it back from a copy, or "
                "delete it and promote the version in force again"
            ) from None
        return found

    def _promotion_numbers(self, model_id: str) -> list[int]:
        names = self._files.names(_checked(model_id), PROMOTION_FILES)
        stems = (each.removesuffix(".json") for each in names if each.endswith(".json"))
        return sorted(int(each) for each in stems if _VERSION.fullmatch(each))

    def promoted(self, model_id: str) -> int | None:
        """Returns the version in force; None before the first promotion."""
        stack = in_force(self.promotions(model_id))
        return stack[-1] if stack else None

    def before(self, model_id: str) -> int:
        """Returns the version that a rollback goes back to."""
        stack = in_force(self.promotions(model_id))
        if len(stack) < 2:
            if stack:
                has = (
                    f"version {stack[0]} is the first in force, there is none before it; promote another or withdraw it"
                )
            else:
                has = f"no version is in force, so there is none before it; `models promote {model_id} VERSION` puts one there"
            raise ModelError(f"model {model_id}: {has}")
        return stack[-2]

    def record(self, model_id: str, promotion: Promotion) -> None:
        """Writes down that a version was put in force."""
        if promotion.kind != "withdraw":
            self._require(model_id, promotion.version)
        text = msgspec.json.format(msgspec.json.encode(promotion), indent=2) + b"\n"
        for _ in range(_ATTEMPTS):
            number = max(self._promotion_numbers(model_id), default=0) + 1
            # Of two promotions at once none is lost: the second finds the name taken.
            with suppress(FileExistsError):
                self._files.create(text, model_id, PROMOTION_FILES, f"{number}.json")
                return
        folder = self._files.place(model_id, PROMOTION_FILES)
        raise ModelError(f"model {model_id}: no free number in {folder} after {_ATTEMPTS} attempts")


def _checked(model_id: str) -> str:
    if not MODEL_ID.fullmatch(model_id):
        raise ModelError(f"{model_id[:80]!r} is no id of a model: {MODEL_ID_WORDS}")
    return model_id


def _damaged(place: str, name: str, error: Exception) -> ModelError:
    """Says what is the matter with a file of a version, and what mends it."""
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        problem = "is missing"
    elif isinstance(error, OSError):
        problem = f"cannot be read: {error.strerror or error}"
    elif isinstance(error, msgspec.ValidationError):
        problem = f"is no card of a model: {error}"
    else:
        problem = "is no whole JSON"
    return ModelError(f"{place}: {name} {problem}; take it back from a copy, or train another version")


def in_force(promotions: Sequence[Promotion]) -> list[int]:
    """Returns the versions in force, the newest last: a rollback takes off what stands above the version it goes back to, and a
    withdrawal all.

    >>> in_force([Promotion(version, kind, 0, "") for version, kind in ((1, "promote"), (3, "promote"), (1, "rollback"))])
    [1]
    """
    stack: list[int] = []
    for each in promotions:
        if each.kind == "withdraw":
            stack.clear()
        elif each.kind == "rollback" and each.version in stack:
            while stack[-1] != each.version:
                stack.pop()
        elif not stack or stack[-1] != each.version:
            stack.append(each.version)
    return stack


def _require_onnx(artefact: bytes, card: ModelCard, place: str) -> None:
    try:
        require_checksum(artefact, card)
        require_onnx(artefact)
    except (CorruptModelError, ValueError) as error:
        raise ModelError(f"{place}: {error}") from None
