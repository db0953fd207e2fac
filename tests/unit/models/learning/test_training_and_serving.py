"""What is trained on the feature log is loaded by the job, and predicts there what it predicted in training."""

import msgspec
import numpy as np
import pytest

from infra.learning.announcing import announcement
from models.announced.checking import check_record
from models.announced.loading import LoadedModel, load
from models.learning.feature_log import join
from models.learning.options import TrainingOptions
from models.learning.training import Incumbent, Trained, predict, train
from models.model_store import StoredModel
from models.predictions.prediction import Prediction, Silence
from models.predictions.prediction import predict as serve
from schemas.features import FeatureRow
from schemas.outcomes import Outcome

BEGINNING = 1_760_000_000_000
READERS = 1_500


def recorded() -> tuple[list[FeatureRow], list[Outcome]]:
    """Windows of readers, each of whom tells a minute later how long a text should be.

    10 words more for each click, 200 more on a desktop, and 150 on top for desktops that click much.
    """
    random = np.random.default_rng(31)
    rows, outcomes = [], []
    for place in range(READERS):
        session, end_ms = f"s{place}", BEGINNING + 20_000 * place
        clicks, device = float(random.integers(0, 20)), str(random.choice(["phone", "desktop"]))
        numbers = {"clicks": clicks, "scroll_depth": None if random.random() < 0.1 else float(random.random())}
        rows.append(FeatureRow(session, end_ms, "window", {**numbers}, {"device": device}, None, {}, None))
        words = 200.0 + 10.0 * clicks + (200.0 if device == "desktop" else 0.0)
        words += 150.0 if device == "desktop" and clicks > 10 else 0.0
        told = float(round(words + random.normal(0.0, 30.0)))
        outcomes.append(Outcome(None, session, None, end_ms + 60_000, "preferred_content_length", told))
    return rows, outcomes


@pytest.fixture(scope="module")
def trained() -> Trained:
    options = TrainingOptions("length", "preferred_content_length", parity_rows=2_000)
    found = train(join(*recorded(), "preferred_content_length", True), options)
    assert found.evaluation.passed, found.evaluation.reasons
    return found


@pytest.fixture(scope="module")
def loaded(trained: Trained) -> LoadedModel:
    stored = StoredModel(msgspec.structs.replace(trained.card, version=1), trained.artefact)
    record = announcement(stored, "file:///models/length/1", BEGINNING)
    return load(check_record(record.key, record.body.decode()))


def test_the_job_predicts_what_training_predicted(trained: Trained, loaded: LoadedModel) -> None:
    rows, outcomes = recorded()
    offline = predict(Incumbent(trained.card, trained.artefact), join(rows, outcomes, "preferred_content_length", True))
    compared = 0
    for row, expected in zip(rows, offline, strict=True):
        served = serve(loaded, row.features, row.context)
        if isinstance(served, Silence) and served.reason == "outside":
            continue
        assert served.scores["length"] == expected[0]
        compared += 1
    assert compared > 0.9 * READERS


def test_a_prediction_lies_near_what_was_planted_with_its_interval(loaded: LoadedModel) -> None:
    served = serve(loaded, {"clicks": 15.0, "scroll_depth": 0.5}, {"device": "desktop"})
    assert isinstance(served, Prediction)
    assert served.low is not None
    assert served.high is not None
    # 200 + 150 + 200 + 150; 90 % of the noise lies within 49 words.
    assert served.low < 700.0 < served.high
    assert served.parameters == {"length_words": 700}
    assert (served.high - served.low) / 2 == pytest.approx(49.0, rel=0.4)


@pytest.mark.parametrize(
    ("clicks", "device", "about"),
    [(500.0, "desktop", "clicks"), (5.0, "television", "device"), (-1.0, "phone", "clicks")],
)
def test_outside_of_the_training_range_the_model_is_silent(
    loaded: LoadedModel, clicks: float, device: str, about: str
) -> None:
    served = serve(loaded, {"clicks": clicks, "scroll_depth": 0.5}, {"device": device})
    assert isinstance(served, Silence)
    assert (served.reason, served.about) == ("outside", about)
