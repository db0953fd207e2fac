"""The folder in which the local stack keeps logs, data and the record of what it started."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path

import msgspec

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Home":
        """`MICROADJUST_HOME`, or `.microadjust` in the project."""
        return cls(Path(environ.get("MICROADJUST_HOME") or PROJECT / ".microadjust").resolve())

    def folder(self, *parts: str) -> Path:
        folder = self.path.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, service: str) -> Path:
        return self.folder("logs") / f"{service}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Two `up` at once would start everything twice."""
        with (self.folder() / "lock").open("w") as handle:
            flock(handle, LOCK_EX)
            try:
                yield
            finally:
                flock(handle, LOCK_UN)


class ServiceRecord(msgspec.Struct):
    """A process this stack started. Pid and start time together name it: a pid alone is given out again."""

    pid: int
    started_at: float
    ports: dict[str, int]


class StackRecord(msgspec.Struct):
    services: dict[str, ServiceRecord] = {}

    @classmethod
    def read(cls, home: Home) -> "StackRecord":
        """What was recorded; nothing where there is no record or it cannot be read."""
        try:
            return msgspec.json.decode((home.path / "stack.json").read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return cls()

    def write(self, home: Home) -> None:
        target = home.folder() / "stack.json"
        draft = target.with_suffix(".tmp")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2))
        draft.replace(target)
