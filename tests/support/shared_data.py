"""The real data beside the project, which is never copied into it."""

from pathlib import Path

import pytest

from infra.simulate.converters.shared import shared_data


def shared(*parts: str) -> Path:
    """That file or folder of the shared data; skips the test, saying so, where it is absent."""
    path = shared_data().joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no {path}: set MICROADJUST_SHARED_DATA")
    return path
