"""Locates the project, what was built for it, and the folder of the local stack with its logs, data and records."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from typing import Final

import msgspec

from infra.version import package_version
from schemas.unreadable import UNREADABLE

PROJECT: Final = Path(__file__).resolve().parents[2]
"""The folder of the five packages: a checkout, or the site-packages they are installed in."""

IS_CHECKOUT: Final = (PROJECT / "pyproject.toml").exists()


def _user_folder(variable: str, default: str) -> Path:
    """Returns the user's folder for an installed package, by the XDG base directory specification."""
    return Path(os.environ.get(variable) or Path.home() / default) / "microadjust"


BUILD: Final = PROJECT / ".build" if IS_CHECKOUT else _user_folder("XDG_CACHE_HOME", ".cache") / package_version()
"""What is built or fetched: jars, compiled modules, the tracker. An installed package keeps it in the user's cache."""

DEMO: Final = "demo"
"""Name of the folder of the demo's own stack, inside of a stack's folder."""


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Home":
        """Returns `MICROADJUST_HOME`, else `.microadjust` in a checkout, else the user's state folder."""
        default = PROJECT / ".microadjust" if IS_CHECKOUT else _user_folder("XDG_STATE_HOME", ".local/state")
        return cls(Path(environ.get("MICROADJUST_HOME") or default).resolve())

    @property
    def demo(self) -> "Home":
        """The folder of the demo's own stack."""
        return Home(self.path / DEMO)

    def folder(self, *parts: str) -> Path:
        folder = self.path.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, service: str) -> Path:
        return self.folder("logs") / f"{service}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of the record: two `up` at once would start everything twice."""
        with (self.folder() / "lock").open("w") as handle:
            flock(handle, LOCK_EX)
            try:
                yield
            finally:
                flock(handle, LOCK_UN)


class ServiceRecord(msgspec.Struct):
    """A process this stack started, by pid and start time: a pid alone may be given to another process."""

    pid: int
    started_at: float
    ports: dict[str, int]


class StackRecord(msgspec.Struct):
    services: dict[str, ServiceRecord] = {}

    @classmethod
    def read(cls, home: Home) -> "StackRecord":
        """Reads the record; empty where there is no record or it cannot be read."""
        try:
            return msgspec.json.decode((home.path / "stack.json").read_bytes(), type=cls)
        except (FileNotFoundError, *UNREADABLE):
            return cls()

    def write(self, home: Home) -> None:
        target = home.folder() / "stack.json"
        draft = target.with_suffix(".tmp")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2))
        draft.replace(target)
