"""Strokes of the pointer by hand, and how well their windows tell strangers from owners."""

import numpy as np
import pytest

from infra.bench.pointer_strangers import ScoredSession, area
from infra.bench.pointer_strokes import FEATURES, HOP, STROKES, described, strokes

MOVE, DRAG, PRESSED, RELEASED = 0.0, 1.0, 2.0, 3.0


def line(begin_s: float, points: int, state: float = MOVE) -> list[tuple[float, float, float, float]]:
    """Ten pixels to the right every tenth of a second."""
    return [(begin_s + 0.1 * place, state, 10.0 * place, 5.0) for place in range(points)]


def test_a_straight_stroke() -> None:
    [stroke] = strokes(np.array(line(1.0, 11)))
    assert np.exp(stroke[:2]).tolist() == pytest.approx([1.0, 100.0])
    assert stroke[2] == pytest.approx(1.0)  # as long as the way between its ends
    assert np.exp(stroke[3]) == pytest.approx(100.0)  # pixels a second
    assert stroke[11] == pytest.approx(0.0)  # no turn
    assert np.isnan(stroke[16])  # nothing before
    assert stroke[17:].tolist() == [0.0, 0.0]


def test_a_pause_and_a_press_end_a_stroke() -> None:
    events = [*line(0.0, 5), *line(2.0, 6), (2.6, PRESSED, 50.0, 5.0), *line(2.7, 7, DRAG), (3.5, RELEASED, 60.0, 5.0)]
    made = strokes(np.array(events))
    assert len(made) == 3
    assert np.exp(made[1, 16]) == pytest.approx(1.6 + 0.01)
    assert made[:, 17].tolist() == [0.0, 1.0, 0.0]
    assert made[:, 18].tolist() == [0.0, 0.0, 1.0]


def test_too_short_a_movement_is_no_stroke() -> None:
    assert strokes(np.array(line(0.0, 3))).shape == (0, FEATURES)


@pytest.mark.parametrize(("number", "windows"), [(5, 1), (STROKES, 1), (STROKES + HOP, 2), (STROKES + 3 * HOP - 1, 3)])
def test_windows_of_strokes(number: int, windows: int) -> None:
    made = np.random.default_rng(1).normal(size=(number, FEATURES))
    rows = described(made)
    assert rows.shape == (windows, 3 * FEATURES)
    assert rows[-1, 0] == pytest.approx(made[(windows - 1) * HOP :][:STROKES, 0].mean(), rel=1e-5)


def test_the_area_is_over_all_users() -> None:
    sessions = [ScoredSession(user, user == "b", {"x": score}) for user, score in (("a", 1.0), ("b", 2.0), ("a", 3.0))]
    assert area(sessions, "x") == 0.5
