"""The version store: a folder of trained models, each version with its artefact, card and findings, and which one is promoted."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.announced.artefact import require_onnx
from models.model_store import ModelError, StoredModel
from schemas.model_cards import (
    MAX_ARTEFACT_BYTES,
    MODEL_ID,
    MODEL_ID_WORDS,
    CorruptModelError,
    ModelCard,
    require_checksum,
)

ARTEFACT: Final = "model.onnx"
CARD: Final = "card.json"
PROMOTIONS: Final = "promotions.json"
"""All promotions in one file, as versions before 0.3.0 wrote them: read, and not written any more."""
PROMOTION_FILES: Final = "promotions"
"""Folder with a file for each promotion, 1.json and so on, which is never changed."""
EVALUATION: Final = "evaluation.json"
"""What the gate found."""
REPORT: Final = "report.html"

MIN_FREE_BYTES: Final = 1024 * 1024
"""Room that the store must have before a training begins: a model with its report takes a third of it."""

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

    Files are written aside and renamed, so a reader never meets half a version. All calls raise `ModelError`, with the place and
    the fix.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def at(cls, location: str) -> "ModelVersions":
        """Opens the store at a path or a file:// address.

        >>> ModelVersions.at("s3://bucket/models")
        Traceback (most recent call last):
        models.model_store.ModelError: s3://bucket/models: a store is a folder or a file:// address; mount the bucket, or copy it
        """
        scheme, separator, path = location.partition("://")
        if separator and scheme != "file":
            raise ModelError(f"{location}: a store is a folder or a file:// address; mount the bucket, or copy it")
        return cls(Path(path if separator else location))

    def ids(self) -> list[str]:
        """Returns the ids that have a version, in order."""
        if not self._folder.is_dir():
            self._require_folder()
            return []
        return sorted(
            each.name for each in self._folder.iterdir() if MODEL_ID.fullmatch(each.name) and self.versions(each.name)
        )

    def versions(self, model_id: str) -> list[int]:
        """Returns the versions of an id, ascending."""
        folder = self._of(model_id)
        if not folder.is_dir():
            return []
        return sorted(int(each.name) for each in folder.iterdir() if _VERSION.fullmatch(each.name) and each.is_dir())

    def path(self, model_id: str, version: int) -> Path:
        """Returns the folder of a version."""
        folder = self._of(model_id) / str(version)
        # The name first: one that is too long for a file is an error of the operating system.
        if not _VERSION.fullmatch(folder.name) or not folder.is_dir():
            known = ", ".join(map(str, self.versions(model_id)))
            there = f"there are {known}" if known else f"the store {self._folder} has none of it"
            raise ModelError(f"model {model_id}: no version {version}; {there}")
        return folder

    def require_writable(self, model_id: str) -> None:
        """Raises `ModelError` where no version of an id could be stored, before a training spends minutes on one."""
        self._require_folder()
        aside = self._written_aside(self._of(model_id), {CARD: b" " * MIN_FREE_BYTES})
        rmtree(aside, ignore_errors=True)

    def _require_folder(self) -> None:
        if self._folder.exists() and not self._folder.is_dir():
            raise ModelError(f"the store {self._folder} is a file: give a folder, which need not exist yet")

    def add(self, card: ModelCard, artefact: bytes, findings: Findings | None = None) -> ModelCard:
        """Stores a model as the next version of its id, with further files by name; returns its card with that version.

        `findings` may be made of the card with its version, so that a report can name it.
        """
        _require(artefact, card, "the new model")
        folder = self._of(card.id)
        for _ in range(_ATTEMPTS):
            numbered = msgspec.structs.replace(card, version=max(self.versions(card.id), default=0) + 1)
            encoded = msgspec.json.format(msgspec.json.encode(numbered), indent=2) + b"\n"
            further = findings(numbered) if callable(findings) else findings or {}
            files = {ARTEFACT: artefact, CARD: encoded, **further}
            aside = self._written_aside(folder, files)
            try:
                aside.rename(folder / str(numbered.version))
            except OSError:
                # Another training took the number meanwhile.
                rmtree(aside, ignore_errors=True)
                continue
            return numbered
        raise ModelError(f"model {card.id}: no free version in {self._folder} after {_ATTEMPTS} attempts")

    def _written_aside(self, folder: Path, files: Mapping[str, bytes]) -> Path:
        """Writes files into a new folder that no reader looks into; leaves nothing behind where that fails."""
        aside: Path | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            aside = Path(mkdtemp(prefix=".new-", dir=folder))
            for name, content in files.items():
                (aside / name).write_bytes(content)
            aside.chmod(0o755)
        except OSError as error:
            if aside is not None:
                rmtree(aside, ignore_errors=True)
            raise ModelError(f"the store {self._folder} cannot be written: {error}") from None
        return aside

    def load(self, model_id: str, version: int) -> StoredModel:
        """Loads a version, checked: card, size, bytes. Nothing but ONNX is opened."""
        folder, card = self.path(model_id, version), self.card(model_id, version)
        place = f"{folder}"
        try:
            if (folder / ARTEFACT).stat().st_size > MAX_ARTEFACT_BYTES:
                raise ModelError(f"{place}: {ARTEFACT} is longer than {MAX_ARTEFACT_BYTES} bytes")
            artefact = (folder / ARTEFACT).read_bytes()
        except OSError as error:
            raise ModelError(f"{place} cannot be used: {error}; train another version") from None
        _require(artefact, card, place)
        return StoredModel(card, artefact)

    def card(self, model_id: str, version: int) -> ModelCard:
        """Returns the card of a version, without looking at its artefact."""
        folder = self.path(model_id, version)
        try:
            card = msgspec.json.decode((folder / CARD).read_bytes(), type=ModelCard)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelError(f"{folder} cannot be used: {error}; train another version") from None
        if (card.id, card.version) != (model_id, version):
            raise ModelError(
                f"{folder}: the card is of {card.id} version {card.version}; take back the card of this version"
            )
        return card

    def read(self, model_id: str, version: int, name: str) -> bytes | None:
        """Returns a further file of a version; None where it has none of that name."""
        path = self.path(model_id, version) / name
        try:
            return path.read_bytes() if path.is_file() else None
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error}") from None

    def promotions(self, model_id: str) -> list[Promotion]:
        """Returns what was put in force, oldest first."""
        folder = self._of(model_id)
        single, path = folder / PROMOTIONS, folder / PROMOTION_FILES
        try:
            found = msgspec.json.decode((path := single).read_bytes(), type=list[Promotion]) if single.exists() else []
            for number in self._promotion_numbers(model_id):
                path = folder / PROMOTION_FILES / f"{number}.json"
                found.append(msgspec.json.decode(path.read_bytes(), type=Promotion))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{path}, which says what is in force, cannot be read: {error}; take it back from a copy, or delete it and "
                "promote the version in force again"
            ) from None
        return found

    def _promotion_numbers(self, model_id: str) -> list[int]:
        folder = self._of(model_id) / PROMOTION_FILES
        names = [each.stem for each in folder.glob("*.json")] if folder.is_dir() else []
        return sorted(int(each) for each in names if _VERSION.fullmatch(each))

    def promoted(self, model_id: str) -> int | None:
        """Returns the version in force; None before the first promotion."""
        stack = in_force(self.promotions(model_id))
        return stack[-1] if stack else None

    def before(self, model_id: str) -> int:
        """Returns the version that a rollback goes back to."""
        stack = in_force(self.promotions(model_id))
        if len(stack) < 2:
            has = f"version {stack[0]} is the first in force" if stack else "no version is in force"
            raise ModelError(f"model {model_id}: {has}, there is none before it; promote or withdraw a version instead")
        return stack[-2]

    def record(self, model_id: str, promotion: Promotion) -> None:
        """Writes down that a version was put in force."""
        if promotion.kind != "withdraw":
            self.path(model_id, promotion.version)
        folder = self._of(model_id) / PROMOTION_FILES
        text = msgspec.json.format(msgspec.json.encode(promotion), indent=2) + b"\n"
        aside: Path | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(prefix=".new-", dir=folder, delete=False) as file:
                aside = Path(file.name)
                file.write(text)
            aside.chmod(0o644)
            for _ in range(_ATTEMPTS):
                number = max(self._promotion_numbers(model_id), default=0) + 1
                # A link fails where the name is taken, as a renaming does not: of two promotions at once none is lost.
                with suppress(FileExistsError):
                    _link(aside, folder / f"{number}.json", text)
                    return
        except OSError as error:
            raise ModelError(f"{folder} cannot be written: {error}") from None
        finally:
            if aside is not None:
                aside.unlink(missing_ok=True)
        raise ModelError(f"model {model_id}: no free number in {folder} after {_ATTEMPTS} attempts")

    def _of(self, model_id: str) -> Path:
        if not MODEL_ID.fullmatch(model_id):
            raise ModelError(f"{model_id[:80]!r} is no id of a model: {MODEL_ID_WORDS}")
        return self._folder / model_id


def _link(aside: Path, path: Path, text: bytes) -> None:
    """Gives the written file its name. Raises `FileExistsError` where the name is taken."""
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        raise
    except OSError:
        # A mounted bucket has no hard links: the name is claimed first there, and written afterwards.
        with path.open("xb") as file:
            file.write(text)


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


def _require(artefact: bytes, card: ModelCard, place: str) -> None:
    try:
        require_checksum(artefact, card)
        require_onnx(artefact)
    except (CorruptModelError, ValueError) as error:
        raise ModelError(f"{place}: {error}") from None
