"""Locates the public data sets that tests and benchmarks read. They are no part of the project."""

import os
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


def shared_data(environ: Mapping[str, str] = os.environ) -> Path:
    """`MICROADJUST_SHARED_DATA`, or `shared/data` beside the project. It need not exist.

    >>> shared_data({"MICROADJUST_SHARED_DATA": "/data"})
    PosixPath('/data')
    """
    return Path(environ.get("MICROADJUST_SHARED_DATA") or PROJECT.parent / "shared" / "data")
