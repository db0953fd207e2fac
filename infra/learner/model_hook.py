"""Starts the commands that train a model again or take it back, one at a time, and tells whether they succeeded."""

import logging
import shlex
import subprocess
from collections import deque
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO, Final

import msgspec

_log = logging.getLogger(__name__)

MODEL: Final = "{model}"
"""Stands for the model's name in a command."""

VERSION: Final = "{version}"
"""Stands for the version that is meant; after a training that is `card.version` of the JSON that it printed."""

ROLLBACK_COMMAND: Final = f"microadjust models rollback {MODEL} --if-in-force {VERSION}"
"""The condition is for what is found again: after a restart, when old rows are read anew, or beside a rollback by hand."""

DEFAULT_COMMANDS: Final = (
    f"microadjust models train {MODEL} --last 7d --json",
    f"microadjust models promote {MODEL} {VERSION}",
)
"""Training ends with exit status 1 where the gate keeps the model out: then it is not promoted."""

STOP_TIMEOUT_S: Final = 5.0


class ModelHook:
    """Runs commands for a model, each if the one before ended with exit status 0. Without commands, what happened is announced
    and nothing else. One model is trained at a time."""

    def __init__(self, *commands: str) -> None:
        self._commands = [shlex.split(command) for command in commands]
        self._waiting: deque[tuple[str, str]] = deque()
        """Models with the version that is meant."""
        self._left: list[list[str]] = []
        """Commands that are still to run for the model."""
        self._printed: IO[bytes] | None = None
        self._version = ""
        self._model = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, model: str, version: int | None = None) -> None:
        """Starts the commands, after those of the model before."""
        if self._commands and model not in (*(each for each, _ in self._waiting), self._model):
            self._waiting.append((model, "" if version is None else str(version)))
            self._next()

    def has_succeeded(self) -> bool:
        """Whether the last command of a model has ended with exit status 0 since the call before."""
        if self._process is None or (status := self._process.poll()) is None:
            return False
        self._process = None
        self._read_version()
        if status == 0 and self._left:
            self._run()
            return False
        _log.warning("the commands for %s have ended with exit status %d", self._model, status)
        self._model = ""
        self._next()
        return status == 0

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
        self._read_version()

    def _next(self) -> None:
        if self._process is None and self._waiting:
            self._model, self._version = self._waiting.popleft()
            self._left = list(self._commands)
            self._run()

    def _run(self) -> None:
        command = words_for(self._left.pop(0), self._model, self._version)
        _log.warning("for %s: %s", self._model, shlex.join(command))
        # A file, not a pipe: nobody reads it while the command runs.
        self._printed = TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._printed)
        except OSError as error:
            _log.error("the commands for %s could not be started: %s", self._model, error)
            self._model, self._left = "", []
            self._read_version()

    def _read_version(self) -> None:
        self._version = ""
        if self._printed is not None:
            self._printed.seek(0)
            self._version = version_in(self._printed.read())
            self._printed.close()
            self._printed = None


def words_for(words: Sequence[str], model: str, version: str = "") -> list[str]:
    """The command with the model's name and version in it.

    >>> words_for(["microadjust", "models", "promote", "{model}", "{version}"], "length", "7")
    ['microadjust', 'models', 'promote', 'length', '7']
    """
    return [word.replace(MODEL, model).replace(VERSION, version) for word in words]


def version_in(printed: bytes) -> str:
    """The version of the card in what a training printed; empty where there is none.

    >>> version_in(b'{"card": {"id": "length", "version": 7}}'), version_in(b"done")
    ('7', '')
    """
    try:
        return str(int(msgspec.json.decode(printed)["card"]["version"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return ""
