"""Charts of the report: every text lies inside of its picture, and a scale tells what a place means."""

from xml.etree import ElementTree

import pytest

from models.learning.chart_scale import Scale
from models.learning.charts import agreement, intervals
from models.learning.evaluation import CalibrationBin
from schemas.model_cards import MetricValue

CHAR_PX = 7.0
"""Wider than a digit of the charts' letters of 12 pixels."""


def texts_of(chart: str) -> list[tuple[float, float, str]]:
    """Left and right end of each text that is not turned."""
    root = ElementTree.fromstring(chart)
    for turned in [each for each in root if each.tag == "g"]:
        root.remove(turned)
    found = []
    for each in root.iter("text"):
        text, x = each.text or "", float(each.attrib["x"])
        begin = x - len(text) * CHAR_PX * {"start": 0.0, "middle": 0.5, "end": 1.0}[each.attrib["text-anchor"]]
        found.append((begin, begin + len(text) * CHAR_PX, text))
    return found


def width_of(chart: str) -> float:
    return float(ElementTree.fromstring(chart).attrib["width"])


@pytest.mark.parametrize("greatest", [0.9, 40.0, 1_040.0, 4_000.0, 100_000.0])
def test_numbers_beside_predicted_and_true_are_whole_and_inside(greatest: float) -> None:
    points = [(place * greatest / 20, place * greatest / 20) for place in range(21)]
    bins = [CalibrationBin(greatest / 2, greatest / 2, 10)]
    chart = agreement(bins, points, ("predicted, words", "true, words"), "title")
    texts = texts_of(chart)
    # Right of the turned text of the axis, which takes 20 pixels.
    assert all(begin > 20.0 and end <= width_of(chart) for begin, end, _ in texts), texts
    assert not any("e+" in text for _, _, text in texts)


def test_thousands_are_written_out() -> None:
    chart = agreement([CalibrationBin(1_040.0, 120.0, 10)], [], ("predicted", "true"), "title")
    assert {"0", "200", "1,000", "1,200"} <= {text for _, _, text in texts_of(chart)}


def test_axes_begin_at_the_least_truth_where_a_prediction_lies_below() -> None:
    points, bins = [(-3.0, 4.0), (990.0, 900.0)], [CalibrationBin(-1.0, 4.0, 10)]
    chart = agreement(bins, points, ("predicted, words", "true, words"), "title", least=0.0)
    assert not [text for _, _, text in texts_of(chart) if text.startswith("-")]
    (zero, *_) = [float(each.attrib["x1"]) for each in ElementTree.fromstring(chart).iter("line")]
    dots = [float(each.attrib["cx"]) for each in ElementTree.fromstring(chart).iter("circle")]
    assert (dots[0], dots[2]) == (zero, zero)
    free = agreement(bins, points, ("predicted", "true"), "title")
    assert "-200" in [text for _, _, text in texts_of(free)]


def test_intervals_stand_on_a_scale_with_what_is_wanted() -> None:
    rows = [("model", MetricValue(0.857, 0.815, 0.903)), ("linear model", MetricValue(0.7))]
    plain, wanted = intervals(rows, "title"), intervals(rows, "title", 0.9)
    assert [text for _, _, text in texts_of(plain)][:5] == ["0.70", "0.75", "0.80", "0.85", "0.90"]
    assert "wanted" not in plain
    assert "wanted 0.9" in [text for _, _, text in texts_of(wanted)]
    lines = [each for each in ElementTree.fromstring(wanted).iter("line") if "stroke-dasharray" in each.attrib]
    tick = next(begin + 2 * CHAR_PX for begin, _, text in texts_of(wanted) if text == "0.90")
    assert [float(each.attrib["x1"]) for each in lines] == [tick]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 0.0), (5.0, 5.0), (-3.0, 7.0), (1e17, 1e17 + 16.0), (0.0, 1e300), (1e-9, 2e-9), (0.5, 1.0), (3.0, 1e5)],
)
def test_a_scale_holds_its_range_whatever_it_is(low: float, high: float) -> None:
    scale = Scale(low, high, 100.0, 500.0)
    assert scale.ticks[0] <= low <= high <= scale.ticks[-1]
    assert len(scale.ticks) <= 9
    assert 100.0 <= float(scale.at(low)) <= float(scale.at(high)) <= 500.0
    assert all(len(scale.text(each)) <= 8 for each in scale.ticks)
