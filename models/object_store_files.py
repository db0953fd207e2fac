"""Files of a version store at an address that fsspec knows: a bucket of S3, GCS or Azure, SFTP, memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final

from models.model_store import ModelError
from models.store_addresses import shown_address, without_secrets
from models.version_files import CARD

DRIVERS: Final = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs", "adl": "adlfs",
    "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "webdav": "webdav4", "oci": "ocifs", "oss": "ossfs",
}  # fmt: skip
"""What to install for a protocol."""

MAX_REASON_CHARS: Final = 300

_PROBE: Final = ".new-probe"

_claiming: Final = Lock()
"""Threads of this process claim one name after the other, since some drivers look first and write afterwards."""


class ObjectStoreFiles:
    """Files at an address. An object store has no renaming, so a version counts once its card, which is written last, is there.

    A name is claimed by the driver's exclusive creation. Drivers without one are asked before whether the name is free: two
    processes that write at the same instant may then overwrite each other (`infra/docs/decisions/0073-fsspec.md`).
    """

    def __init__(self, location: str) -> None:
        self._location, self._shown = location, shown_address(location)
        self._driver, self._path = _opened(location, self._shown)
        self._made: set[str] = set()

    def place(self, *names: str) -> str:
        return "/".join((self._shown, *names))

    def address(self, *names: str) -> str:
        return self.place(*names)

    def names(self, *folder: str) -> list[str]:
        path = self._at(*folder)
        with self._told("read", *folder):
            try:
                found = self._listed(path)
            except (FileNotFoundError, NotADirectoryError):
                return []
        # A driver may list a file as itself, and a folder's marker with it.
        own = path.strip("/")
        return [each.rpartition("/")[2] for each in (one.strip("/") for one in found) if each != own]

    def whole_versions(self, model_id: str) -> list[str]:
        # Listed first, since `find` finds nothing where reading is denied; it takes one request of a bucket for all versions.
        if not any(each.isdigit() for each in self.names(model_id)):
            return []
        base = self._at(model_id).strip("/") + "/"
        with self._told("read", model_id):
            found = (
                str(each).strip("/").removeprefix(base).split("/") for each in self._driver.find(self._at(model_id))
            )
            return [parts[0] for parts in found if parts[1:] == [CARD]]

    def has_version(self, model_id: str, version: str) -> bool:
        # Not by `exists`, which of some drivers says no where reading is denied.
        return CARD in self.names(model_id, version)

    def read(self, *names: str, limit: int | None = None) -> bytes:
        end = None if limit is None else limit + 1
        with self._told("read", *names):
            content: bytes = self._driver.cat_file(self._at(*names), start=None if end is None else 0, end=end)
        return content

    def written_ms(self, *names: str) -> int | None:
        with self._told("read", *names):
            try:
                return int(self._driver.modified(self._at(*names)).timestamp() * 1000)
            except NotImplementedError:
                return None

    def require_folder(self) -> None:
        with self._told("read"):
            is_file = self._driver.isfile(self._path)
        if is_file:
            raise ModelError(f"the store {self._shown} is a file: give a folder, which need not exist yet")

    def require_writable(self, model_id: str) -> None:
        with self._told("written"):
            self._write(b" ", model_id, _PROBE)
        self._remove(model_id, _PROBE)

    def write_version(self, model_id: str, version: str, files: Mapping[str, bytes]) -> None:
        first, *others = sorted((name for name in files), key=lambda name: name == CARD)
        self.create(files[first], model_id, version, first)
        try:
            with self._told("written"):
                for name in others:
                    self._write(files[name], model_id, version, name)
        except ModelError:
            for name in files:
                self._remove(model_id, version, name)
            with suppress(Exception):
                self._driver.rmdir(self._at(model_id, version))
            self._made.discard(self._at(model_id, version))
            raise

    def create(self, content: bytes, *names: str) -> None:
        with _claiming, self._told("written", taken=True):
            self._driver.invalidate_cache()
            if self._driver.exists(self._at(*names)):
                raise FileExistsError(self.place(*names))
            self._make_folder(*names[:-1])
            try:
                self._create(self._at(*names), content)
            except FileExistsError:
                raise
            except Exception:
                # Some drivers report a name that was taken meanwhile as any other failure.
                if self._driver.exists(self._at(*names)):
                    raise FileExistsError(self.place(*names)) from None
                raise

    def _create(self, path: str, content: bytes) -> None:
        """Writes a new file, by the call of the driver that refuses a name which is taken where it has one."""
        from fsspec import AbstractFileSystem

        driver = self._driver
        try:
            # What fsspec itself has for drivers without a call of their own looks first, and writes afterwards.
            if driver.async_impl or type(driver).pipe_file is not AbstractFileSystem.pipe_file:
                driver.pipe_file(path, content, mode="create")
            else:
                with driver.open(path, "xb") as file:
                    file.write(content)
        except (NotImplementedError, TypeError, ValueError):
            driver.pipe_file(path, content)

    def _write(self, content: bytes, *names: str) -> None:
        self._make_folder(*names[:-1])
        self._driver.pipe_file(self._at(*names), content)

    def _make_folder(self, *folder: str) -> None:
        """Makes a folder where the driver has folders. The first name of a path is never made: it may be a bucket."""
        parts = self._at(*folder).split("/")
        first = 2 if parts[0] else 3
        for path in ("/".join(parts[:end]) for end in range(first, len(parts) + 1)):
            if path in self._made:
                continue
            # What cannot be made, and is needed, is told by the writing after it.
            with suppress(Exception):
                self._driver.mkdir(path, create_parents=False)
            self._made.add(path)

    def _remove(self, *names: str) -> None:
        """Deletes a file if that is allowed: what was written by half is not seen by readers anyway."""
        with suppress(Exception):
            self._driver.rm_file(self._at(*names))

    def _listed(self, path: str) -> list[str]:
        self._driver.invalidate_cache()
        return [str(each) for each in self._driver.ls(path, detail=False)]

    def _at(self, *names: str) -> str:
        return "/".join((self._path, *names))

    @contextmanager
    def _told(self, done: str, *names: str, taken: bool = False) -> Iterator[None]:
        """Raises `ModelError` for what a driver raises; `FileNotFoundError` for a file to read that is not there."""
        try:
            yield
        except ModelError:
            raise
        except Exception as error:
            absent = isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError)
            if absent and done == "read":
                raise FileNotFoundError(f"there is no {self.place(*names)}") from None
            if taken and isinstance(error, FileExistsError):
                raise
            what = f"the store {self._shown}" if done == "written" else self.place(*names)
            raise ModelError(f"{what} cannot be {done}: {_reason(error, self._location)}") from None


def _opened(location: str, shown: str) -> tuple[Any, str]:
    """Returns the driver of an address and the path that it has there. Raises `ModelError`."""
    protocol = location.partition("://")[0]
    package = DRIVERS.get(protocol, "")
    try:
        import fsspec
    except ImportError:
        raise ModelError(f"{shown}: an address needs fsspec: {_command('fsspec', package)}") from None
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        known = "a folder, file://, s3://, gs://, abfs:// and what else fsspec knows"
        raise ModelError(
            f"{shown}: there is no protocol {protocol}; a store is {known}; of another one install its driver: pip install DRIVER"
        ) from None
    except ImportError as error:
        fix = _command(package) if package else f"pip install its driver ({_reason(error, location)})"
        raise ModelError(f"{shown}: the driver of {protocol}:// is not installed: {fix}") from None
    try:
        driver, path = fsspec.core.url_to_fs(location)
    except Exception as error:
        raise ModelError(f"{shown} cannot be opened: {_reason(error, location)}") from None
    if "?" in path:
        raise ModelError(
            f"{shown}: an address of a store has nothing after a question mark; credentials belong to the driver"
        )
    return driver, str(path).rstrip("/")


def _command(*packages: str) -> str:
    return " ".join(("pip install", *filter(None, packages)))


def _reason(error: Exception, location: str) -> str:
    """Returns what a driver said, without secrets; the kind of error where nothing is left."""
    told = without_secrets(str(error), location)[:MAX_REASON_CHARS]
    return told or type(error).__name__
