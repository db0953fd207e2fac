"""Prints results as tables or JSON, and errors as one line that names the fix."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.content_files import ContentFileError
from infra.cli.durations import DurationError
from infra.cli.output_files import OutputFileError
from infra.kafka.reading import BrokerUnavailableError, StreamError, UnknownTopicError
from infra.local.processes import StackError
from infra.settings import SettingsError
from infra.simulate.recording import RecordingError
from models.learning.errors import TrainingDataError
from models.model_store import ModelError
from schemas.rules import RuleError

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def without_controls(text: str) -> str:
    """Writes control characters out: what anybody may write to a topic must not steer the terminal.

    >>> without_controls("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return text.translate(_CONTROLS)


class PlainConsole(Console):
    """Prints texts without their control characters; colours come from styles alone."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(without_controls(each) if isinstance(each, str) else each for each in objects), **options)


out = PlainConsole(highlight=False)
err = PlainConsole(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_ADVICE: Final = {
    BrokerUnavailableError: "; start one with `microadjust up`, or give --bootstrap",
    UnknownTopicError: "; `microadjust topics create` creates the topics",
}

_EXTRAS: Final = {
    "numpy": "learn",
    "sklearn": "learn",
    "onnx": "learn",
    "onnxruntime": "learn",
    "pyflink": "job",
    "vaderSentiment": "job",
}
"""By module that the command line does without, the extra that installs it."""


@contextmanager
def errors() -> Iterator[None]:
    """Turns errors a user can act on into one line and exit status 1; any other error is a bug and keeps its trace."""
    try:
        yield
    except (
        StackError,
        StreamError,
        RecordingError,
        RuleError,
        ContentFileError,
        SettingsError,
        ModelError,
        TrainingDataError,
        DurationError,
        OutputFileError,
    ) as error:
        advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")
        err.print(f"microadjust: {error}{advice}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KafkaException as error:
        err.print(f"microadjust: Kafka: {error.args[0].str()}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRAS:
            raise
        text = f"microadjust: {missing} is not installed: pip install 'microadjust[{_EXTRAS[missing]}]'"
        err.print(text, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # The reader of the output has closed the pipe, as `head` does.
        sys.stderr.close()
        raise typer.Exit(0) from None


def note(text: str) -> None:
    """Prints a line on stderr that is neither a result nor an error."""
    err.print(f"microadjust: {text}", markup=False, soft_wrap=True)


def print_json(document: Any) -> None:
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    sys.stdout.flush()


FILE_WIDTH: Final = 160
"""Characters of a line of a table that is not written to a terminal."""


def print_table(rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """One column per key of the first row."""
    if not rows:
        out.print(empty, markup=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        # As a text: what stands in square brackets is no markup here.
        table.add_row(*(Text("" if value is None else without_controls(str(value))) for value in row.values()))
    # In a file or a pipe there is no edge that a name would have to be broken at.
    console = out if out.is_terminal else Console(file=out.file, width=max(out.width, FILE_WIDTH))
    console.print(table)


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, empty: str) -> None:
    if as_json:
        print_json(rows)
    else:
        print_table(rows, empty)
