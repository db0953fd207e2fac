"""When models are trained again: each has its own gap, and what nobody would ask for again waits."""

from models.feature_stream.retrainings import MIN_GAP_MS, Retrainings


def test_the_gap_of_one_model_keeps_no_other_waiting() -> None:
    retrainings = Retrainings(("length", "tone"))

    assert retrainings.ask("length", ("clicks",), 0)
    assert not retrainings.ask("length", ("clicks",), MIN_GAP_MS - 1)
    assert retrainings.ask("tone", ("clicks",), 1)
    assert not retrainings.ask("anomaly", ("clicks",), 1)
    assert retrainings.ask("length", ("clicks",), MIN_GAP_MS)


def test_what_is_kept_is_due_once_the_gap_is_over_and_what_is_not_kept_is_not() -> None:
    retrainings = Retrainings(("length", "tone"))
    for model in ("length", "tone"):
        assert retrainings.ask(model, ("clicks",), 0)

    assert not retrainings.ask("length", ("errors of length",), 5, keep=True)
    assert not retrainings.ask("tone", ("pages",), 5)
    assert list(retrainings.due(MIN_GAP_MS - 1)) == []
    assert list(retrainings.due(MIN_GAP_MS)) == [("length", ("errors of length",))]
    assert list(retrainings.due(3 * MIN_GAP_MS)) == []
