"""Worlds of readers whose wishes are known: which length and tone suit whom is a planted function of what is seen, plus noise.

Two shapes: `CHOOSING` is for trying things out, `JUDGING` for the figures that are published. They share the names of their
columns and nothing else. ``python -m infra.simulate.preferences FILE`` writes readers into a CSV file.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.learning.examples import Examples

Doubles = NDArray[np.float64]
TONES: Final = ("formal", "friendly", "neutral")
BEGINNING_MS: Final = 1_760_000_000_000
"""2025-10-09 08:53:20 UTC."""

CHOOSING_SEEDS: Final = (1, 2, 3)
JUDGING_SEEDS: Final = (1_001, 1_002, 1_003)
MISSING_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of readers: session duration in seconds, clicks a minute, depth 0..1, device, expertise."""

    session_duration: Doubles
    click_rate: Doubles
    scroll_depth: Doubles
    device_type: NDArray[Any]
    user_expertise: NDArray[Any]


@dataclass(frozen=True, slots=True)
class PreferenceShape:
    """Wished words, scores of the tones (rows, tones), and noise: standard deviation in words, degrees of freedom, tone noise."""

    words: Callable[[Seen], Doubles]
    tones: Callable[[Seen], Doubles]
    noise_words: float
    freedom: float
    noise_tone: float


def _choosing_words(seen: Seen) -> Doubles:
    expert = np.where(seen.user_expertise == "expert", 250.0, np.where(seen.user_expertise == "regular", 100.0, 0.0))
    patient = 300.0 * (1.0 - np.exp(-seen.session_duration / 400.0))
    on_phone = np.where(seen.device_type == "mobile", -0.35, 0.0)
    return np.asarray((250.0 + expert + patient) * (1.0 + on_phone) - 20.0 * np.minimum(seen.click_rate, 8.0))


def _choosing_tones(seen: Seen) -> Doubles:
    expert, phone = seen.user_expertise == "expert", seen.device_type == "mobile"
    return np.stack([2.0 * expert, 2.0 * phone - expert, 1.0 * (seen.scroll_depth > 0.6)], axis=1)


def _judging_words(seen: Seen) -> Doubles:
    """Those who stay middling long want most; eager clickers want little, but on a desktop experts among them want much."""
    middling = 350.0 * np.exp(-((np.log(seen.session_duration / 300.0)) ** 2) / 0.8)
    eager = seen.click_rate > 4.0
    expert, desk = seen.user_expertise == "expert", seen.device_type == "desktop"
    deep = 160.0 * (seen.scroll_depth > 0.7) * (seen.device_type == "tablet")
    return np.asarray(220.0 + middling + np.where(eager, -110.0, 40.0) + 230.0 * (expert & desk & eager) + deep)


def _judging_tones(seen: Seen) -> Doubles:
    novice, phone = seen.user_expertise == "novice", seen.device_type == "mobile"
    hurried = seen.session_duration < 120.0
    either = novice ^ phone
    return np.stack(
        [2.5 * ~either * ~hurried, 2.5 * either, 2.5 * hurried * ~either + 0.8 * (seen.click_rate > 5)], axis=1
    )


CHOOSING: Final = PreferenceShape(_choosing_words, _choosing_tones, 60.0, 30.0, 0.6)
JUDGING: Final = PreferenceShape(_judging_words, _judging_tones, 70.0, 5.0, 0.8)


def readers(shape: PreferenceShape, target: Literal["length", "tone"], rows: int, seed: int) -> Examples:
    """Draws readers one after the other, a minute apart, and what suits each of them."""
    random = np.random.default_rng(seed)
    seen = Seen(
        np.exp(random.normal(5.6, 0.9, rows)),
        random.gamma(2.0, 1.7, rows),
        random.beta(2.0, 1.6, rows),
        random.choice(np.array(["mobile", "desktop", "tablet"], dtype=object), rows, p=[0.55, 0.35, 0.10]),
        random.choice(np.array(["novice", "regular", "expert"], dtype=object), rows, p=[0.4, 0.4, 0.2]),
    )
    truth: NDArray[Any]
    if target == "length":
        noise = random.standard_t(shape.freedom, rows) * shape.noise_words
        truth = np.maximum(50.0, np.rint(shape.words(seen) + noise))
    else:
        scores = shape.tones(seen) + random.gumbel(0.0, shape.noise_tone, (rows, len(TONES)))
        truth = np.array(TONES, dtype=object)[scores.argmax(axis=1)]
    values: dict[str, NDArray[Any]] = {
        "session_duration": np.round(seen.session_duration, 1),
        "click_rate": np.where(random.random(rows) < MISSING_SHARE, np.nan, np.round(seen.click_rate, 3)),
        "scroll_depth": np.round(seen.scroll_depth, 3),
        "device_type": np.where(random.random(rows) < MISSING_SHARE, np.array(None, dtype=object), seen.device_type),
        "user_expertise": seen.user_expertise,
    }
    at_ms = BEGINNING_MS + 60_000 * np.arange(rows, dtype=np.int64)
    return Examples(values, truth, f"planted preferences, {rows} readers, seed {seed}", at_ms)


TARGET_COLUMNS: Final = {"length": "preferred_content_length", "tone": "preferred_tone"}


def write_csv(path: Path, found: Examples, target: Literal["length", "tone"]) -> None:
    """Writes readers as `microadjust models train` reads them; an unknown value is an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["occurred_at_ms", *found.names, TARGET_COLUMNS[target]])
        for place, truth in enumerate(found.truth):
            cells = [found.values[name][place] for name in found.names]
            at_ms = "" if found.at_ms is None else int(found.at_ms[place])
            writer.writerow([at_ms, *("" if cell is None or cell != cell else cell for cell in cells), truth])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--target", choices=("length", "tone"), default="length")
    parser.add_argument("--shape", choices=("choosing", "judging"), default="choosing")
    parser.add_argument("--readers", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=CHOOSING_SEEDS[0])
    given = parser.parse_args()
    shape = CHOOSING if given.shape == "choosing" else JUDGING
    write_csv(given.file, readers(shape, given.target, given.readers, given.seed), given.target)


if __name__ == "__main__":
    main()
