"""Configures logging: one JSON object a line for machines, text with time and level on a terminal."""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

import msgspec

QUIET: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
"""Loggers of libraries, which say at INFO what the access log says, and addresses with their tokens."""

Fields = Callable[[], Mapping[str, Any]]


class JsonFormatter(logging.Formatter):
    """Writes time (UTC, ISO 8601), level, logger and message, the fields of `context` and those of the record's `fields`."""

    def __init__(self, context: Fields) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._context(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """Writes the same for people; the record's fields follow the message."""

    def __init__(self, context: Fields) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        fields = {**self._context(), **getattr(record, "fields", {})}
        first, newline, trace = super().format(record).partition("\n")
        shown = "".join(f" {name}={value}" for name, value in fields.items())
        return f"{first}{shown}{newline}{trace}"


def configure_logging(log_format: str, context: Fields = dict, out: TextIO | None = None) -> None:
    """Sends the log of the whole process to `out`, standard error by default. `auto` writes text to a terminal only."""
    out = sys.stderr if out is None else out
    is_json = log_format == "json" or (log_format == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter(context) if is_json else TextFormatter(context))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
