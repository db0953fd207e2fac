"""Where a version store keeps its files: the operations that it needs, and a folder that has them."""

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Final, Protocol

from models.model_store import ModelError

CARD: Final = "card.json"

MIN_FREE_BYTES: Final = 1024 * 1024
"""Room that the store must have before a training begins: a model with its report takes a third of it."""


class VersionFiles(Protocol):
    """Files of a version store. A file is given by the names on the way to it: `("length", "1", "card.json")`.

    Where the place cannot be read or written `ModelError` is raised, with its address; never with a password.
    """

    def place(self, *names: str) -> str:
        """Returns the path or address of a file or folder, for messages."""

    def address(self, *names: str) -> str:
        """Returns the same as protocol://…, for announcements."""

    def names(self, *folder: str) -> list[str]:
        """Returns the names in a folder, in no order; none where there is no such folder."""

    def whole_versions(self, model_id: str) -> list[str]:
        """Returns the names of an id's folders that were written to their end, whatever these names are."""

    def has_version(self, model_id: str, version: str) -> bool:
        """Returns whether a version was written to its end."""

    def read(self, *names: str, limit: int | None = None) -> bytes:
        """Returns what a file holds, of a longer one than `limit` bytes the first limit + 1. Raises `OSError` without one."""

    def written_ms(self, *names: str) -> int | None:
        """Returns when a file was written; None where that is not known."""

    def require_folder(self) -> None:
        """Raises `ModelError` where the store's own place is a file."""

    def require_writable(self, model_id: str) -> None:
        """Raises `ModelError` where nothing can be written for an id; leaves nothing behind."""

    def write_version(self, model_id: str, version: str, files: Mapping[str, bytes]) -> None:
        """Writes a version whole: readers see all of it or nothing. Raises `FileExistsError` where the name is taken."""

    def create(self, content: bytes, *names: str) -> None:
        """Writes a new file. Raises `FileExistsError` where the name is taken, and leaves that file as it was."""


class FolderFiles:
    """Files in a folder. They are written aside and renamed, so a reader never meets half of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, *names: str) -> str:
        return str(self._folder.joinpath(*names))

    def address(self, *names: str) -> str:
        return self._folder.joinpath(*names).resolve().as_uri()

    def names(self, *folder: str) -> list[str]:
        path = self._folder.joinpath(*folder)
        try:
            return [each.name for each in path.iterdir()] if path.is_dir() else []
        except OSError as error:
            # As for a name that is too long, or a folder that others may not list.
            raise ModelError(f"the store {self._folder} cannot be read: {error.strerror}") from None

    def whole_versions(self, model_id: str) -> list[str]:
        return [each for each in self.names(model_id) if self.has_version(model_id, each)]

    def has_version(self, model_id: str, version: str) -> bool:
        return (self._folder / model_id / version).is_dir()

    def read(self, *names: str, limit: int | None = None) -> bytes:
        with self._folder.joinpath(*names).open("rb") as file:
            return file.read() if limit is None else file.read(limit + 1)

    def written_ms(self, *names: str) -> int | None:
        return int(self._folder.joinpath(*names).stat().st_mtime * 1000)

    def require_folder(self) -> None:
        if self._folder.exists() and not self._folder.is_dir():
            raise ModelError(f"the store {self._folder} is a file: give a folder, which need not exist yet")

    def require_writable(self, model_id: str) -> None:
        rmtree(self._written_aside(model_id, {CARD: b" " * MIN_FREE_BYTES}), ignore_errors=True)

    def write_version(self, model_id: str, version: str, files: Mapping[str, bytes]) -> None:
        aside = self._written_aside(model_id, files)
        try:
            aside.rename(self._folder / model_id / version)
        except OSError as error:
            rmtree(aside, ignore_errors=True)
            raise FileExistsError(str(error)) from None

    def create(self, content: bytes, *names: str) -> None:
        path = self._folder.joinpath(*names)
        aside: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(prefix=".new-", dir=path.parent, delete=False) as file:
                aside = Path(file.name)
                file.write(content)
            aside.chmod(0o644)
            # A link fails where the name is taken, as a renaming does not: of two promotions at once none is lost.
            _link(aside, path, content)
        except OSError as error:
            if isinstance(error, FileExistsError) and path.parent.is_dir():
                raise
            raise ModelError(f"{path.parent} cannot be written: {error}") from None
        finally:
            if aside is not None:
                aside.unlink(missing_ok=True)

    def _written_aside(self, model_id: str, files: Mapping[str, bytes]) -> Path:
        """Writes files into a new folder that no reader looks into; leaves nothing behind where that fails."""
        folder, aside = self._folder / model_id, None
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


def _link(aside: Path, path: Path, content: bytes) -> None:
    """Gives the written file its name. Raises `FileExistsError` where the name is taken."""
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        raise
    except OSError:
        # A mounted bucket has no hard links: the name is claimed first there, and written afterwards.
        with path.open("xb") as file:
            file.write(content)
