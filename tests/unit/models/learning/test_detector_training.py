"""Detectors are trained on a feature log, judged on its later part, and kept out with a reason."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from models.announced.loading import load
from models.features import FOREST_FEATURES
from models.isolation_forest.onnx_export import to_onnx as forest_to_onnx
from models.learning.detector_parity import compare_detector, wild_rows
from models.learning.detector_training import DetectorOptions, train_detector
from models.learning.detectors import fit_detector, open_detector
from models.learning.errors import TrainingDataError
from models.learning.evaluation import INCUMBENT, Check, Evaluation
from models.learning.examples import Examples
from models.learning.report import draw_report
from models.learning.rivals import Incumbent
from models.learning.training import Trained
from models.learning.windows import LABEL, MINUTE_MS, matrix, windows_of
from models.predictions.kinds import DETECTOR_KINDS, DetectorKind
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from tests.support.announced_models import announced_checked
from tests.support.ordinary_windows import BEGINNING, recorded


def labels(rows: list[FeatureRow]) -> list[Outcome]:
    """Outcomes that tell of each window whether it is odd: its second feature says so."""
    return [
        Outcome(
            None,
            row.session_id,
            None,
            row.window_end_ms + 5,
            LABEL,
            float((row.features[FOREST_FEATURES[1]] or 0.0) > 5.0),
        )
        for row in rows
    ]


def trained(kind: DetectorKind, windows: Examples, incumbent: Trained | None = None, seed: int = 1) -> Trained:
    before = None if incumbent is None else Incumbent(incumbent.card, incumbent.artefact)
    return train_detector(windows, DetectorOptions(kind, seed, 0.02, parity_rows=5_000), before)


def check(found: Evaluation, name: str) -> tuple[bool, str]:
    return next((each.passed, each.detail) for each in found.checks if each.name == name)


@pytest.mark.parametrize("kind", DETECTOR_KINDS)
def test_a_detector_is_trained_judged_and_taken_by_the_job(kind: DetectorKind) -> None:
    found = trained(kind, windows_of(recorded(1)))

    assert found.evaluation.passed, found.evaluation.reasons
    assert [each.name for each in found.evaluation.ranges] == ["training", "calibration", "later"]
    assert found.evaluation.ranges[1].until_ms < (found.evaluation.ranges[2].from_ms or 0)  # type: ignore[operator]
    assert found.card.parity is not None
    parity = next(each for each in found.evaluation.checks if each.name == "parity")
    assert parity.detail.startswith("training code and ONNX differ by ")
    assert found.card.parity <= 1e-5
    assert (found.card.settings["trees"], found.card.settings["alarm_rate"]) == (100, 0.02)
    assert found.card.settings["samples"] == min(256, found.evaluation.ranges[0].rows // 2)
    assert found.card.settings.get("steps") == (400 if kind == "anomaly" else None)
    rate = found.card.metrics["alarm_rate"]
    assert rate.value <= 0.04
    assert "not judged" in check(found.evaluation, "ranking")[1]
    assert load(announced_checked(msgspec.structs.replace(found.card, version=1), found.artefact)).card.kind == kind


@pytest.mark.parametrize("kind", DETECTOR_KINDS)
def test_the_same_windows_give_the_same_bytes(kind: DetectorKind) -> None:
    one, other = (trained(kind, windows_of(recorded(2, 400))) for _ in range(2))

    assert one.artefact == other.artefact
    assert one.card == other.card


def test_readers_who_change_before_the_later_range_keep_a_detector_out() -> None:
    rows = [*recorded(3, 1_200), *recorded(4, 300, scale=8.0)]
    for place, row in enumerate(rows):
        row.window_end_ms, row.session_id = BEGINNING + place * MINUTE_MS, f"s{place}"

    found = trained("anomaly", windows_of(rows)).evaluation

    assert not found.passed
    assert "too many alarms" in check(found, "alarm rate")[1]


def test_labels_decide_between_versions_and_without_them_the_incumbent_stays() -> None:
    rows = recorded(5, odd_share=0.1)
    told, untold = windows_of(rows, labels(rows)), windows_of(recorded(6))
    first = trained("isolation_forest", told)
    area = first.card.metrics["auc"]
    assert area.low is not None
    assert area.low > 0.95

    again = trained("isolation_forest", told, first, seed=2).evaluation
    assert not check(again, "beats the incumbent")[0]
    assert "not shown to rank better" in check(again, "beats the incumbent")[1]

    calm = trained("anomaly", untold)
    silent = trained("anomaly", untold, calm, seed=2).evaluation
    assert not check(silent, "beats the incumbent")[0]
    assert "no labels tell which ranks better" in check(silent, "beats the incumbent")[1]

    changed = windows_of(recorded(7, scale=8.0))
    fresh = trained("anomaly", changed, calm).evaluation
    assert fresh.passed, fresh.reasons
    assert "too many alarms" in check(fresh, "beats the incumbent")[1]


def test_windows_between_minutes_and_partial_ones_are_left_out_and_too_few_are_refused() -> None:
    rows = recorded(8, 20)
    rows[3].window_end_ms += 10_000
    rows[4].scores = {}
    rows[5].kind = "session_end"
    assert len(windows_of(rows)) == 17
    with pytest.raises(TrainingDataError, match="20"):
        trained("anomaly", windows_of(recorded(8, 20)))
    with pytest.raises(TrainingDataError, match="no window"):
        windows_of([])


def test_a_detector_is_compared_on_rows_after_the_incumbents_training() -> None:
    rows = windows_of(recorded(9, 600))
    first = trained("isolation_forest", rows)
    assert rows.at_ms is not None
    first.card.trained_until_ms = int(rows.at_ms[590])
    found = trained("isolation_forest", rows, first).evaluation
    passed, detail = check(found, "beats the incumbent")
    assert not passed
    assert "9 later rows come after that, of fewer than 20 sessions: give newer data" in detail
    assert found.comparisons == []


@pytest.mark.parametrize("kind", DETECTOR_KINDS)
def test_parity_is_tried_at_the_thresholds_of_splits_and_next_to_them(kind: DetectorKind) -> None:
    rows = matrix(windows_of(recorded(10, 300)))
    fitted = fit_detector(kind, rows, rows, 1, 0.02)
    inner = fitted.forest.left >= 0
    asked = wild_rows(rows, fitted.forest, 4_000, 1)
    for place in range(rows.shape[1]):
        thresholds = fitted.forest.threshold[inner & (fitted.forest.feature == place)]
        above = np.nextafter(thresholds, np.float32(np.inf))
        assert np.isin(asked[:, place], thresholds).sum() > 50
        assert np.isin(asked[:, place], above).sum() > 50

    exported = open_detector(kind, fitted.artefact)
    assert compare_detector(fitted, exported, rows, 1, 4_000).holds
    # A forest whose splits are moved by one float32 is told.
    moved = np.where(inner, np.nextafter(fitted.forest.threshold, np.float32(np.inf)), fitted.forest.threshold)
    shifted = replace(fitted.forest, threshold=moved)
    if kind == "isolation_forest":
        wrong = replace(fitted, artefact=forest_to_onnx(shifted))
        assert not compare_detector(wrong, open_detector(kind, wrong.artefact), rows, 1, 4_000).holds


def page_of(found: Trained) -> str:
    return draw_report(found.evaluation, found.card).decode()


def test_the_report_of_a_detector_speaks_of_windows_alarms_and_splits() -> None:
    found = trained("isolation_forest", windows_of(recorded(16, 300)))
    page = page_of(found)

    assert found.evaluation.labelled_windows == 0
    assert "<p>300 windows, 0 of them labelled; 0 left out because" in page
    assert "nothing: no version was in force" in page
    assert "Share of the forest&#x27;s splits, by input" in page
    assert "<h2>Alarms promised and given</h2>" in page
    assert "share of alarms on the calibration range" in page
    assert "Share of windows that alarm: at most 0.02 is wanted" in page
    assert "wanted 0.02</text>" in page
    for untrue in ("rows without truth", "linear model", "<h2>Comparison</h2>", "gained", "Predicted against true"):
        assert untrue not in page

    damaged = msgspec.structs.replace(found.evaluation, checks=[Check(INCUMBENT, False, "damaged")])
    assert damaged.compared_with == "nothing: the version in force is damaged"
    earlier = msgspec.structs.replace(found.evaluation, labelled_windows=None)
    assert earlier.truth_words == "300 windows"


def test_the_advantage_of_a_detector_is_its_area_minus_that_of_the_other() -> None:
    rows = recorded(5, odd_share=0.1)
    told = windows_of(rows, labels(rows))
    first = trained("isolation_forest", told)
    again = trained("isolation_forest", told, first, seed=2)
    says = "area under the ROC curve of the model minus that of the other, over the labelled windows; above 0 the model"
    assert says in page_of(again)
    (rival,) = again.evaluation.comparisons
    own, other = again.evaluation.metrics["auc"].value, rival.metrics["auc"].value
    assert rival.advantage.value == pytest.approx(own - other)
    assert again.evaluation.labelled_windows == len(told)

    untold = windows_of(recorded(6))
    unranked = trained("isolation_forest", untold, trained("isolation_forest", untold), seed=2)
    assert "<td>incumbent</td><td>unknown</td><td>unknown</td>" in page_of(unranked)
