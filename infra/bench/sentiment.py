"""Measures VADER on texts that people have rated, and what a text costs. `.venv/bin/python -m infra.bench.sentiment`

The texts are those of Hutto and Gilbert (2014), in the shared data; without them only the costs are printed.
"""

import json
import tarfile
import time
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from typing import Final

from infra.simulate.converters.shared import shared_data
from models.language.english import is_english
from models.language.sentiment import MAX_TEXT_CHARS, polarity, sentiment

ARCHIVE: Final = ("vader-sentiment", "hutto_ICWSM_2014.tar.gz")
SETS: Final = (
    "tweets_GroundTruth.txt",
    "amazonReviewSnippets_GroundTruth.txt",
    "movieReviewSnippets_GroundTruth.txt",
    "nytEditorialSnippets_GroundTruth.txt",
)
NEUTRAL: Final = 0.05
"""VADER's own: a score between -0.05 and 0.05 is neutral."""

HOSTILE: Final = {
    "a sentence": "This page is confusing, I hate how long it is.",
    "emoji": "\U0001f600" * MAX_TEXT_CHARS,
    "negations": "not good " * 111,
    "one word": "x" * MAX_TEXT_CHARS,
    "exclamation marks": "!" * MAX_TEXT_CHARS,
    "single letters": "a " * 500,
    "contrasts": "good but " * 111,
}


def rated_texts(archive: Path, name: str) -> list[tuple[float, str]]:
    """Mean rating (-4 to 4) and text of each line of a set."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"hutto_ICWSM_2014/{name}")
        assert member is not None
        lines = member.read().decode("utf-8", "replace").splitlines()
    rows = (line.split("\t", 2) for line in lines if line.strip())
    return [(float(rating), text) for _, rating, text in rows]


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Pearson's r.

    >>> correlation([1, 2, 3], [2, 4, 6])
    1.0
    """
    count = len(xs)
    x_mean, y_mean = sum(xs) / count, sum(ys) / count
    products = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return products / sqrt(sum((x - x_mean) ** 2 for x in xs) * sum((y - y_mean) ** 2 for y in ys))


def result(rated: list[tuple[float, str]]) -> dict[str, float]:
    """`pearson_r` and `accuracy` take a text of unknown sentiment for 0, as VADER does; the shares say how many are."""
    began_s = time.perf_counter()
    scores = [polarity(text) for _, text in rated]
    elapsed_s = time.perf_counter() - began_s
    whole = [0.0 if score is None else score for score in scores]
    ratings = [rating for rating, _ in rated]
    right = sum(_class(score, NEUTRAL) == _class(rating, 0.0) for score, rating in zip(whole, ratings, strict=True))
    return {
        "rows": len(rated),
        "pearson_r": round(correlation(whole, ratings), 4),
        "accuracy_3_classes": round(right / len(rated), 4),
        "share_unknown": round(sum(score is None for score in scores) / len(rated), 4),
        "share_english_by_its_words": round(sum(is_english(text, None) for _, text in rated) / len(rated), 4),
        "us_a_text": round(1e6 * elapsed_s / len(rated), 1),
    }


def _class(number: float, limit: float) -> int:
    return (number >= limit) - (number <= -limit)


def costs() -> Iterator[tuple[str, float]]:
    """Milliseconds of each text at worst, of five runs the best."""
    sentiment("Good.", "en")
    for name, text in HOSTILE.items():
        runs = []
        for _ in range(5):
            began_s = time.perf_counter()
            sentiment(text, "en")
            runs.append(time.perf_counter() - began_s)
        yield name, round(1e3 * min(runs), 3)


def main() -> None:
    archive = shared_data().joinpath(*ARCHIVE)
    began_s = time.perf_counter()
    polarity("Good.")
    found: dict[str, object] = {"load_ms": round(1e3 * (time.perf_counter() - began_s), 1), "ms_a_text": dict(costs())}
    if archive.exists():
        found["rated texts"] = {name: result(rated_texts(archive, name)) for name in SETS}
    else:
        found["rated texts"] = f"no {archive}: set MICROADJUST_SHARED_DATA"
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
