"""The gate judges by the rows that the job would answer, and keeps out what would be silent about most readers."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.announced.checking import CheckedModel
from models.announced.loading import load
from models.learning.answering import find_answered
from models.learning.columns import MAX_LEVELS
from models.learning.comparison import compare_models
from models.learning.evaluation import INCUMBENT, Check
from models.learning.provenance import data_hash
from models.learning.rivals import Incumbent
from models.learning.training import Trained, train
from models.predictions.prediction import Prediction, predict
from tests.support.planted_examples import LENGTH, planted


def check(found: Trained, name: str) -> Check:
    return next(each for each in found.evaluation.checks if each.name == name)


def in_force(found: Trained) -> Incumbent:
    return Incumbent(found.card, found.artefact)


def watches_from(first: int) -> Any:
    def device(random: np.random.Generator, rows: int) -> NDArray[Any]:
        found = np.array(random.choice(["phone", "desktop"], rows), dtype=object)
        found[first:] = "watch"
        return found

    return device


def test_a_model_that_the_job_would_not_ask_about_later_readers_stays_out() -> None:
    silent = train(planted(1_000, 1, watches_from(800)), LENGTH)

    assert not silent.evaluation.passed
    assert not check(silent, "training range").passed
    assert (
        "would answer 0.0% of the later rows, 100.0% are outside the training range, most by device"
        in check(silent, "training range").detail
    )


def test_metrics_are_of_the_rows_that_the_job_would_answer() -> None:
    rows = planted(1_000, 1, watches_from(940))
    found = train(rows, LENGTH)

    assert found.evaluation.passed, found.evaluation.reasons
    # Of the 140 without a watch, one has a number beyond all of training.
    assert "answer 69.5% of the later rows" in check(found, "training range").detail
    assert {each.rows for each in found.evaluation.comparisons} == {139}
    assert sum(each.rows for each in found.evaluation.calibration) == 139


def test_the_incumbent_is_compared_on_the_rows_that_both_would_answer() -> None:
    first = train(planted(1_000, 1), LENGTH)
    # The first model has seen no watch, the second has, and nothing else comes later.
    second = train(planted(1_000, 2, watches_from(540)), LENGTH, in_force(first))
    silent = check(second, "beats the incumbent")
    assert "length@0 would answer 0 of these 198 rows, and was asked about all" in silent.detail
    assert not silent.passed
    assert "worse than the incumbent" in silent.detail
    assert "microadjust models withdraw length" in silent.detail
    assert {"beats the best constant", "beats the linear model"} < {each.name for each in second.evaluation.checks}

    third = train(planted(1_000, 3, desktops_at_last(140)), LENGTH, in_force(first))
    assert next(each.rows for each in third.evaluation.comparisons if each.name == INCUMBENT) == 140
    assert "over 140 rows that both would answer" in check(third, "beats the incumbent").detail


def desktops_at_last(rows: int) -> Any:
    """Devices of which the last 200 are so many desktops, then watches alone."""

    def device(random: np.random.Generator, all_rows: int) -> NDArray[Any]:
        found = np.array(random.choice(["phone", "desktop", "watch"], all_rows), dtype=object)
        found[800 : 800 + rows] = "desktop"
        found[800 + rows :] = "watch"
        return found

    return device


def test_an_incumbent_that_answers_few_readers_spares_no_model_the_simple_rivals() -> None:
    first = train(planted(1_000, 1), LENGTH)
    found = train(planted(1_000, 3, desktops_at_last(60)), LENGTH, in_force(first))
    assert "would answer 60 of these 200 rows, and was asked about these" in check(found, "beats the incumbent").detail
    assert next(each.rows for each in found.evaluation.comparisons if each.name == INCUMBENT) == 60
    assert {"beats the best constant", "beats the linear model"} < {each.name for each in found.evaluation.checks}

    few = train(planted(1_000, 3, desktops_at_last(10)), LENGTH, in_force(first))
    assert "would answer 10 of these 200 rows, and was asked about all" in check(few, "beats the incumbent").detail


def test_a_model_that_is_worse_where_a_mostly_silent_incumbent_answers_stays_out() -> None:
    first = train(planted(1_000, 1), LENGTH)
    # Where the incumbent would be silent it is far off; that must not make up for the readers that it serves.
    rows = planted(1_000, 3, desktops_at_last(80))
    watches = np.array([each == "watch" for each in rows.values["device"]])
    noise = np.random.default_rng(9).normal(0.0, 150.0, len(rows))
    blurred = replace(rows, truth=np.where(watches, rows.truth + 600.0, rows.truth))
    blurred.truth[:800] += np.where(watches, 0.0, noise)[:800]
    found = train(blurred, LENGTH, in_force(first))

    incumbent = check(found, "beats the incumbent")
    assert not incumbent.passed
    assert incumbent.detail.startswith("worse than the incumbent")
    assert all(each.passed for each in found.evaluation.checks if each is not incumbent)


def test_what_cannot_be_compared_names_what_can_be_given_and_withdraws_no_model_of_others() -> None:
    first = train(planted(1_000, 1), LENGTH)
    words = Incumbent(msgspec.structs.replace(first.card, options={"target": ["pages"]}), first.artefact)
    rows = planted(1_000, 2)
    assert "give --target pages, or withdraw" in check(train(rows, LENGTH, words), "beats the incumbent").detail

    of_segment = check(train(rows, replace(LENGTH, segment="s3"), words), "beats the incumbent").detail
    assert of_segment.endswith("give --target pages")


def test_an_incumbent_that_predicts_something_else_is_not_compared() -> None:
    first = train(planted(1_000, 1), LENGTH)
    card = msgspec.structs.replace(first.card, options={"target": ["pages_wanted"]})
    found = check(train(planted(1_000, 2), LENGTH, Incumbent(card, first.artefact)), "beats the incumbent")
    assert not found.passed
    assert (
        "it predicts pages_wanted, and this model preferred_content_length: give rows that tell pages_wanted"
        in found.detail
    )
    compared = compare_models(Incumbent(card, first.artefact), in_force(first), planted(300, 3), LENGTH)
    assert "length@0 predicts pages_wanted, these rows tell preferred_content_length" in compared.warnings


def test_a_text_without_a_place_is_known_to_the_job_if_training_knew_it() -> None:
    def timezones(random: np.random.Generator, rows: int) -> NDArray[Any]:
        return np.array([f"zone{place:03d}" for place in random.integers(0, 60, rows)], dtype=object)

    rows = planted(1_600, 1, timezones)
    found = train(rows, LENGTH)
    assert len(found.card.categories["device"]) == MAX_LEVELS
    assert len(found.card.other_texts["device"]) == 60 - MAX_LEVELS
    assert find_answered(found.card, rows).rows[1_280:].mean() > 0.98

    job = load(CheckedModel(found.card, found.artefact, 0))
    known = {"click_rate": 5.0, "pages": 5.0}
    told, another = (predict(job, known, {"device": text}) for text in found.card.other_texts["device"][:2])
    assert isinstance(told, Prediction)
    assert told == another
    assert job.inputs.outside(known, {"device": "zone999"}) == "device"


def test_a_text_of_very_few_rows_stays_outside() -> None:
    def one_fridge(random: np.random.Generator, rows: int) -> NDArray[Any]:
        found = np.array(random.choice(["phone", "desktop"], rows), dtype=object)
        found[7] = "fridge"
        return found

    found = train(planted(1_000, 1, one_fridge), LENGTH)
    assert found.card.other_texts == {}
    known = {"click_rate": 5.0, "pages": 5.0}
    assert load(CheckedModel(found.card, found.artefact, 0)).inputs.outside(known, {"device": "fridge"}) == "device"


def test_an_incumbent_is_compared_on_rows_after_its_training_alone() -> None:
    rows = planted(1_500, 4, noise=60.0)
    # Trained until row 1,379 of 1,500; the later range of the new one begins at row 1,200.
    first = train(rows.take(np.arange(900, 1_500)), LENGTH)
    assert first.card.trained_until_ms == rows.at_ms[1_379]  # type: ignore[index]
    second = train(rows, LENGTH, in_force(first))
    compared = next(each for each in second.evaluation.comparisons if each.name == INCUMBENT)
    assert compared.rows is not None
    assert 110 < compared.rows <= 120


def test_without_rows_after_its_training_an_incumbent_stays_and_newer_data_is_asked_for() -> None:
    rows = planted(1_000, 5)
    late = train(planted(1_000, 6), LENGTH)
    late.card.trained_until_ms = int(rows.at_ms[989])  # type: ignore[index]
    found = train(rows, LENGTH, in_force(late))
    assert not check(found, "beats the incumbent").passed
    assert "not judged: length@0 was trained on rows until 2025-10-09" in check(found, "beats the incumbent").detail
    assert "give newer data" in check(found, "beats the incumbent").detail


def test_a_comparison_warns_of_rows_that_a_version_was_trained_on() -> None:
    rows = planted(1_000, 7)
    found = train(rows, LENGTH)
    pair = (in_force(found), in_force(found))
    assert compare_models(*pair, rows.take(np.arange(800, 1_000)), LENGTH).warnings == []
    warned = compare_models(*pair, rows, LENGTH).warnings
    # The pair is one version twice.
    assert len(warned) == 1
    assert "800 of 1,000 rows lie before the end of the training of length@0" in warned[0]


def test_without_times_it_is_said_that_a_version_may_have_been_trained_on_the_rows() -> None:
    rows = replace(planted(1_000, 7), at_ms=None)
    found = train(rows, LENGTH)
    known = Incumbent(msgspec.structs.replace(found.card, data_sha256=data_hash(rows)), found.artefact)
    pair = (in_force(found), known)
    last = rows.take(np.arange(999, 799, -1))
    assert (
        compare_models(*pair, last, LENGTH).warnings
        == ["the rows have no times: length@0 may have been trained on some of them: give newer data"] * 2
    )
    timed = compare_models(*pair, planted(200, 9), LENGTH).warnings
    assert timed[0].startswith(
        "length@0 was trained on rows without times: length@0 may have been trained on some of them"
    )
    assert "length@0 was trained on these very rows" in compare_models(*pair, rows, LENGTH).warnings[1]
    assert len(compare_models(pair[1], pair[1], rows, LENGTH).warnings) == 1

    backwards = train(rows.take(np.arange(999, -1, -1)), LENGTH, known)
    assert "the rows have no times: length@0 may have been" in check(backwards, "beats the incumbent").detail
    again = train(rows, LENGTH, known)
    assert "length@0 was given the same rows, and not trained on these" in check(again, "beats the incumbent").detail


def test_an_incumbent_is_asked_by_columns_that_are_no_inputs_any_more() -> None:
    rows = planted(1_000, 8)
    first = train(rows, LENGTH)
    without = {name: rows.values[name] for name in ("pages", "device")}
    left_out = replace(rows, values=without, aside={"click_rate": rows.values["click_rate"]})
    worse = train(left_out, LENGTH, in_force(first))
    assert "worse than the incumbent" in check(worse, "beats the incumbent").detail

    gone = train(replace(rows, values=without), LENGTH, in_force(first))
    assert not gone.evaluation.passed
    assert (
        "cannot be compared with the incumbent: planted: no column click_rate"
        in check(gone, "beats the incumbent").detail
    )
    assert "microadjust models withdraw length" in check(gone, "beats the incumbent").detail
