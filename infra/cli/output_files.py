"""Writes the files that options of the command line name."""

from pathlib import Path


class OutputFileError(ValueError):
    """Raised for a file that cannot be written; the message names the option and the fix."""


def require_place(path: Path | None, option: str) -> None:
    """Raises `OutputFileError` where a file could not be written, before a command spends minutes on what goes into it."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise OutputFileError(f"{option} {path}: give a file in a folder that exists")


def write_file(path: Path, content: str | bytes, option: str) -> None:
    """Writes a file. Raises `OutputFileError`."""
    require_place(path, option)
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OutputFileError(f"{option} {path} cannot be written: {error.strerror}") from None
