"""Starts the command that trains a model again, one at a time, and tells whether it succeeded."""

import logging
import shlex
import subprocess
from collections import deque
from collections.abc import Sequence
from typing import Final

from models.feature_stream.learner import Retraining

_log = logging.getLogger(__name__)

MODEL: Final = "{model}"
"""Stands for the model's name in a command."""

DEFAULT_COMMAND: Final = f"microadjust models train {MODEL}"
STOP_TIMEOUT_S: Final = 5.0


class RetrainingHook:
    """Runs a command for each retraining; without a command, retrainings are announced and nothing else.

    The command decides by itself whether the new model goes live; its exit status 0 says that it ran through.
    """

    def __init__(self, command: str = "") -> None:
        self._words = shlex.split(command)
        self._waiting: deque[str] = deque()
        self._model = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, retraining: Retraining) -> None:
        """Starts the command, after that of the model before."""
        if self._words and retraining.model not in (*self._waiting, self._model):
            self._waiting.append(retraining.model)
            self._next()

    def has_succeeded(self) -> bool:
        """Whether a command has ended with exit status 0 since the last call."""
        if self._process is None or (status := self._process.poll()) is None:
            return False
        _log.warning("training of %s has ended with exit status %d", self._model, status)
        self._process, self._model = None, ""
        self._next()
        return status == 0

    def wait(self, timeout_s: float) -> None:
        """Waits until the running command has ended. Raises `subprocess.TimeoutExpired`."""
        if self._process is not None:
            self._process.wait(timeout_s)

    def close(self) -> None:
        """Ends a command that still runs."""
        self._waiting.clear()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _next(self) -> None:
        if self._process is not None or not self._waiting:
            return
        self._model = self._waiting.popleft()
        command = words_for(self._words, self._model)
        _log.warning("training %s again: %s", self._model, shlex.join(command))
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            _log.error("training of %s could not be started: %s", self._model, error)
            self._model = ""


def words_for(words: Sequence[str], model: str) -> list[str]:
    """The command with the model's name in it.

    >>> words_for(["microadjust", "models", "train", "{model}"], "length")
    ['microadjust', 'models', 'train', 'length']
    """
    return [word.replace(MODEL, model) for word in words]
