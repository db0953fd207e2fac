"""Starts the commands that train a model again or take it back, one at a time, and tells how they ended."""

import logging
import shlex
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple

import msgspec
from msgspec import Struct

from schemas.unreadable import UNREADABLE

_log = logging.getLogger(__name__)

MODEL: Final = "{model}"
"""Stands for the model's name in a command."""

VERSION: Final = "{version}"
"""Stands for the version that is meant; after a training that is `card.version` of the JSON that it printed."""

ROLLBACK_COMMAND: Final = f"microadjust models rollback {MODEL} --if-in-force {VERSION} --json"
"""The condition is for what is found again: after a restart, when old rows are read anew, or beside a rollback by hand."""

DEFAULT_COMMANDS: Final = (
    f"microadjust models train {MODEL} --last 7d --json",
    f"microadjust models promote {MODEL} {VERSION}",
)
"""Training ends with exit status 1 where the gate keeps the model out: then it is not promoted."""

STOP_TIMEOUT_S: Final = 5.0


class _Card(Struct):
    version: int | None = None


class _Output(Struct):
    """What is looked at of the JSON that `models train`, `promote` and `rollback` print."""

    card: _Card | None = None
    version: int | None = None
    reasons: list[str] = []
    state: str | None = None


class Printed(NamedTuple):
    """What a command said of itself: the version, empty where it named none; why the gate keeps it out; what became of a
    change."""

    version: str
    reasons: tuple[str, ...]
    state: str | None


NOTHING: Final = Printed("", (), None)


class HookEnd(NamedTuple):
    """How the commands of a model ended. `status` is the exit status, None where `command` could not be started. `version` is the
    one that was printed, else the one that was `meant`; both are empty where nothing is known."""

    model: str
    version: str
    meant: str
    status: int | None
    command: str
    printed: Printed


class ModelHook:
    """Runs commands for a model, each if the one before ended with exit status 0. Without commands, what happened is announced
    and nothing else. One model is trained at a time."""

    def __init__(self, *commands: str, environ: Mapping[str, str] | None = None) -> None:
        """`environ` is the environment of the commands; None for that of this process."""
        self._environ = environ
        self._commands = [shlex.split(command) for command in commands]
        self._waiting: deque[tuple[str, str]] = deque()
        """Models with the version that is meant."""
        self._left: list[list[str]] = []
        """Commands that are still to run for the model."""
        self._printed: IO[bytes] | None = None
        self._version = ""
        self._model = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._command: list[str] = []
        """The one that was started last."""
        self._unstarted: HookEnd | None = None
        """Of commands that could not be started."""

    def start(self, model: str, version: int | None = None) -> None:
        """Starts the commands, after those of the model before."""
        if self._commands and model not in (*(each for each, _ in self._waiting), self._model):
            self._waiting.append((model, "" if version is None else str(version)))
            self._next()

    def ended(self) -> HookEnd | None:
        """How the commands of a model have ended since the call before: the last one, or the one that failed. None while they
        run, and where none was started."""
        if self._unstarted is not None:
            end, self._unstarted = self._unstarted, None
            self._next()
            return end
        if self._process is None or (status := self._process.poll()) is None:
            return None
        self._process = None
        meant, printed = self._version, self._read_printed()
        if status == 0 and self._left:
            self._version = printed.version
            self._run()
            return self.ended() if self._unstarted is not None else None
        _log.warning("the commands for %s have ended with exit status %d", self._model, status)
        end = HookEnd(self._model, printed.version or meant, meant, status, shlex.join(self._command), printed)
        self._model = ""
        self._next()
        return end

    def wait(self, timeout_s: float) -> None:
        """Waits until the running command has ended. Raises `subprocess.TimeoutExpired`."""
        if self._process is not None:
            self._process.wait(timeout_s)

    def close(self) -> None:
        """Ends the command that still runs."""
        self._waiting.clear()
        self._left = []
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._read_printed()

    def _next(self) -> None:
        if self._process is None and self._unstarted is None and self._waiting:
            self._model, self._version = self._waiting.popleft()
            self._left = list(self._commands)
            self._run()

    def _run(self) -> None:
        command = self._command = words_for(self._left.pop(0), self._model, self._version)
        _log.warning("for %s: %s", self._model, shlex.join(command))
        # A file, not a pipe: nobody reads it while the command runs.
        self._printed = TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._printed, env=self._environ)
        except OSError as error:
            _log.error("the commands for %s could not be started: %s", self._model, error)
            self._unstarted = HookEnd(
                self._model, self._version, self._version, None, shlex.join(command), self._read_printed()
            )
            self._model, self._left = "", []

    def _read_printed(self) -> Printed:
        """What the last command has printed; the file is closed."""
        if self._printed is None:
            return NOTHING
        self._printed.seek(0)
        found = printed_of(self._printed.read())
        self._printed.close()
        self._printed = None
        return found


def words_for(words: Sequence[str], model: str, version: str = "") -> list[str]:
    """The command with the model's name and version in it.

    >>> words_for(["microadjust", "models", "promote", "{model}", "{version}"], "length", "7")
    ['microadjust', 'models', 'promote', 'length', '7']
    """
    return [word.replace(MODEL, model).replace(VERSION, version) for word in words]


def printed_of(printed: bytes) -> Printed:
    """Reads the JSON that a command printed; `NOTHING` where it is none.

    >>> printed_of(b'{"card": {"id": "length", "version": 7}, "reasons": ["no better"]}')
    Printed(version='7', reasons=('no better',), state=None)
    >>> printed_of(b"done") == NOTHING
    True
    """
    try:
        found = msgspec.json.decode(printed, type=_Output)
    except UNREADABLE:
        return NOTHING
    version = found.version if found.card is None else found.card.version
    return Printed("" if version is None else str(version), tuple(found.reasons), found.state)
