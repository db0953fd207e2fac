"""The hash of the data is that of its rows, and changes with each of them."""

import numpy as np

from models.learning.examples import Examples
from models.learning.provenance import LIBRARIES, data_hash, library_versions


def examples(source: str = "a.csv", clicks: float = 2.0, device: str | None = None, told: float = 5.0) -> Examples:
    devices = np.array(["phone", device], dtype=object)
    values = {"clicks": np.array([np.nan, clicks]), "device": devices}
    return Examples(values, np.array([1.0, told]), source, np.array([1, 2]), np.array(["s1", "s2"], dtype=object))


def test_the_same_rows_have_one_hash_and_other_rows_another() -> None:
    hashes = [
        data_hash(each) for each in (examples(), examples(clicks=3.0), examples(device="tablet"), examples(told=6.0))
    ]

    assert data_hash(examples("b.csv")) == hashes[0]
    assert len(set(hashes)) == 4
    assert len(hashes[0]) == 64


def test_libraries_are_told_with_their_versions() -> None:
    assert set(library_versions()) == set(LIBRARIES)
    assert all(library_versions().values())
