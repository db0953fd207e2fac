"""Writes the files that options of the command line name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO


class OutputFileError(ValueError):
    """Raised for a file that cannot be written; the message names the option and the fix."""


def require_place(path: Path | None, option: str) -> None:
    """Raises `OutputFileError` where a file could not be written, before a command spends minutes on what goes into it."""
    if path is None:
        return
    try:
        fits = path.parent.is_dir() and not path.is_dir()
        if fits and path.is_symlink():
            # A loop of links is only met where the link is followed.
            path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputFileError(f"{option} {path} cannot be written: {error.strerror}") from None
    if not fits:
        raise OutputFileError(f"{option} {path}: give a file in a folder that exists")


def write_file(path: Path, content: str | bytes, option: str) -> None:
    """Writes a file. Raises `OutputFileError`."""
    require_place(path, option)
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OutputFileError(f"{option} {path} cannot be written: {error.strerror}") from None


@contextmanager
def replacing(path: Path, option: str) -> Iterator[IO[bytes]]:
    """Opens a file beside `path` that takes its place at the end; half of one is never taken for the whole.

    What stood there is kept where anything fails. Raises `OutputFileError`.
    """
    # A name of its own: two commands at once must not write into one file. Not by tempfile: only the owner may read its files.
    aside = path.with_name(f".new-{token_hex(8)}")
    try:
        with aside.open("xb") as file:
            yield file
        aside.replace(path)
    except OSError as error:
        raise OutputFileError(f"{option} {path} cannot be written: {error.strerror}") from None
    finally:
        aside.unlink(missing_ok=True)
