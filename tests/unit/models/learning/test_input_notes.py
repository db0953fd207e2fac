"""What training took from its columns is said in words."""

from dataclasses import replace

import numpy as np

from models.learning.evaluation import InputSummary
from models.learning.examples import Examples
from models.learning.input_notes import Cut, OneValue, note_inputs

COUNT = 20


def texts(*given: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([given[place % len(given)] for place in range(COUNT)], dtype=object)


def examples(at_ms: np.ndarray | None = None, **columns: np.ndarray) -> Examples:  # type: ignore[type-arg]
    return Examples(columns, np.arange(COUNT, dtype=float), "wishes.csv", at_ms)


def test_numbers_and_categories_are_listed() -> None:
    rows = examples(age=np.arange(COUNT, dtype=float), device=texts("phone", "tablet"))
    found = note_inputs(rows, ("age", "device"), {"device": ("phone", "tablet")})
    assert list(found.about_inputs()) == ["inputs: 1 number (age), 1 category (device)"]


def test_a_column_of_numbers_with_a_unit_is_told() -> None:
    rows = examples(
        age=np.arange(COUNT, dtype=float),
        spent=texts(*(f"{place}.5s" for place in range(COUNT))),
        network=texts("3g", "4g"),
    )
    found = note_inputs(rows, ("age", "network"), {"network": ("3g", "4g")})
    assert list(found.about_inputs()) == [
        "inputs: 1 number (age), 1 category (network)",
        "left out: spent (no text stands in 5 rows)",
        "`spent` looks like numbers with a unit ('0.5s'), which are texts: write numbers alone",
    ]


def test_texts_without_a_place_are_counted() -> None:
    rows = examples(device=texts("phone", "tablet", "fridge"))
    found = note_inputs(rows, ("device",), {"device": ("phone", "tablet")})
    assert found.cut == {"device": Cut(2, 3, 0, 1, ["fridge"])}
    silent = "for 1, too rare in the training rows, the model is silent: fridge"
    assert f"device: 2 of 3 texts have a place; {silent}" in found.about_inputs()

    together = note_inputs(rows, ("device",), {"device": ("phone",)}, {"device": ("tablet",)})
    assert f"device: 1 of 3 texts have a place; 1 is answered as an unknown one; {silent}" in together.about_inputs()
    all_answered = note_inputs(rows, ("device",), {"device": ("phone",)}, {"device": ("tablet", "fridge")})
    note = "device: 1 of 3 texts have a place; 2 are answered together, as unknown ones"
    assert note in all_answered.about_inputs()


def test_without_times_the_order_of_the_file_counts_and_columns_that_look_like_times_are_named() -> None:
    rows = examples(
        date=texts("2026-11-01", "2026-11-02"),
        at=np.full(COUNT, 1.7958e12),
        year=texts("2025", "2026"),
        age=np.full(COUNT, np.nan),
    )
    assert list(note_inputs(rows, (), {}).about_times()) == [
        "no column of times: the order of the file is taken as time",
        "`date` looks like times: --time date",
        "`at` looks like times: --time at",
    ]
    timed = examples(np.arange(COUNT), date=texts("2026-11-01"))
    assert list(note_inputs(timed, (), {}).about_times()) == []


def test_inputs_that_no_training_row_has_and_those_of_one_value_are_told() -> None:
    values = np.arange(COUNT, dtype=float)
    rows = examples(age=values, mood=values, price=values, device=texts("phone"), plan=texts("free", "paid"))
    seen = [
        InputSummary("age", 0.0, 0, 1.0, 9.0, least=1.0, greatest=9.0),
        InputSummary("mood", 0.0, COUNT),
        InputSummary("price", 0.0, 3, 12_500.0, 12_500.0, least=12_500.0, greatest=12_500.0),
        InputSummary("device", 0.0, 0, texts={"phone": COUNT}),
        InputSummary("plan", 0.0, 0, texts={"free": COUNT - 10}),
    ]
    categories = {"device": ("phone",), "plan": ("free",)}
    found = note_inputs(rows, rows.names, categories, {"plan": ("paid",)}, seen)
    assert (found.never_known, found.one_value) == (
        ["mood"],
        {"price": OneValue(12_500.0, True), "device": OneValue("phone", True)},
    )
    silent = "for any other the model is silent; leave it out with --without"
    assert list(found.about_inputs())[-3:] == [
        "never known in the training rows, so of no use: mood",
        f"price has one value only (12,500): {silent} price",
        f"device has one value only (phone): {silent} device",
    ]
    # --without takes columns of the file: not what a renaming made of one, nor what the feature log has.
    renamed = note_inputs(replace(rows, as_the_job=frozenset({"price"})), rows.names, categories, {}, seen[2:3])
    assert list(renamed.about_inputs())[-1] == "price has one value only (12,500): for any other the model is silent"


def test_a_detector_answers_other_values_than_the_one_it_has_seen() -> None:
    rows = examples(clicks=np.zeros(COUNT), faults=np.full(COUNT, np.nan))
    seen = [InputSummary("clicks", 0.0, 0, 0.0, 0.0, least=0.0, greatest=0.0), InputSummary("faults", 0.0, COUNT)]
    found = note_inputs(rows, rows.names, {}, {}, seen, is_detector=True)
    assert (found.never_known, found.one_value) == (["faults"], {})
