"""What is trained on the feature log is loaded by the job, and predicts there what it predicted in training."""

import msgspec
import pytest

from infra.learning.announcing import announcement
from models.announced.checking import check_record
from models.announced.loading import LoadedModel, load
from models.learning.feature_log import join
from models.learning.options import TrainingOptions
from models.learning.rivals import Incumbent, predict
from models.learning.training import Trained, train
from models.model_store import StoredModel
from models.predictions.prediction import Prediction, Silence
from models.predictions.prediction import predict as serve
from tests.support.told_lengths import BEGINNING, READERS, recorded


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
