"""Announced models: what is taken up, what is refused and why, and which version scores which window."""

import base64
import lzma
import pickle
import random
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.announced.artefact import pack, unpack
from models.announced.checking import check_record
from models.announced.errors import ModelRefusedError
from models.announced.registry import MAX_MODELS, ModelRegistry
from models.features import FOREST_FEATURES
from models.isolation_forest.registry import ForestRegistry, ForestVersion
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.model_inputs import ModelInputs
from schemas.model_cards import MAX_ARTEFACT_BYTES, ModelRecord
from tests.support.announced_models import (
    announced,
    announced_length,
    class_model,
    edited,
    forest_announcement,
    length_card,
    length_model,
    linear_model,
    serialised,
    tone_card,
)
from tests.support.builders import forest_model


def forest_registry() -> ForestRegistry:
    return ForestRegistry(RefitSchedule(0, 0), ForestVersion(lambda: ForestScorer(forest_model()), 0.62, "forest@1"))


def registry() -> ModelRegistry:
    return ModelRegistry(forest_registry())


def score(models: ModelRegistry, at_ms: int = 0, segment: str | None = None) -> float:
    """What the length of that time says of two clicks on a phone."""
    found = models.find("length", segment, at_ms)
    assert found is not None
    assert found.scorer is not None
    return found.scorer.score(np.array([[2.0, 0.0, 5.0]], dtype=np.float32))[0]


def test_an_announced_model_scores_and_a_later_one_takes_its_place_at_its_time() -> None:
    models = registry()
    assert models.find("length", None, 10**15) is None
    models.announce(*announced_length(400.0))
    assert score(models) == 380.0
    models.announce(*announced_length(500.0, from_ms=60_000, version=2))
    assert (score(models, 59_999), score(models, 60_000)) == (380.0, 480.0)


def test_going_back_to_an_older_version_is_an_announcement_like_any_other() -> None:
    models = registry()
    for base, version, from_ms in ((400.0, 1, 0), (500.0, 2, 60_000), (400.0, 1, 30_000)):
        models.announce(*announced_length(base, from_ms, version=version))
    assert [score(models, at) for at in (0, 29_999, 30_000, 60_000)] == [380.0] * 4
    models.withdraw("length")
    assert models.find("length", None, 0) is None


def test_readers_of_a_segment_have_their_own_model_and_the_others_that_of_all() -> None:
    models = registry()
    models.announce(*announced_length(400.0))
    models.announce(*announced_length(900.0, id="length.s3", segment="s3"))
    assert [score(models, 0, segment) for segment in ("s3", "s4", None)] == [880.0, 380.0, 380.0]


def test_an_announced_forest_takes_the_place_of_the_shipped_one() -> None:
    forests = forest_registry()
    models = ModelRegistry(forests)
    key, body = forest_announcement()
    models.announce(key, edited(body, from_ms=60_000))
    before, after = forests.resolve("news", 59_999), forests.resolve("news", 60_000)
    assert (before.name, after.name, after.threshold) == ("forest@1", "isolation_forest@2", 0.6)
    row = np.full((1, len(FOREST_FEATURES)), 3.0, dtype=np.float32)
    assert after.scorer.score(row) == ForestScorer(forest_model(11)).score(row) != before.scorer.score(row)
    models.withdraw(key)
    assert forests.resolve("news", 60_000).name == "forest@1"


LENGTH = length_model()


def with_artefact(artefact: bytes, **card: object) -> tuple[str, str]:
    """Announces those bytes with their own hash, so that it is not the hash that stops them."""
    return announced(length_card(artefact, **card), artefact)


class Canary:
    """Unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.path), "w")


def pickles(path: Path) -> list[bytes]:
    return [pickle.dumps(Canary(path), protocol) for protocol in range(6)]


def zipped(content: bytes) -> bytes:
    """As PyTorch and NumPy keep their pickles."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("data.pkl", content)
    return archive.getvalue()


def other_shapes() -> list[tuple[str, str]]:
    two_outputs = linear_model([[1.0, 1.0]] * 3, [0.0, 0.0])
    no_y = length_model().replace(b"\x01y", b"\x01z")
    infinite = linear_model([[0.0]] * 3, [float("inf")])
    return [with_artefact(each) for each in (linear_model([[1.0]] * 2, [0.0]), two_outputs, no_y, infinite)]


def hostile_graphs() -> list[tuple[str, str]]:
    """Graphs that are valid ONNX and do what a model has no business to do."""
    elsewhere = onnx.load_model_from_string(LENGTH)
    tensor = elsewhere.graph.initializer[1]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    own_operator = onnx.load_model_from_string(LENGTH)
    own_operator.graph.node[2].domain = "com.example.shell"
    dice = serialised([helper.make_node("RandomUniform", [], ["y"], shape=[1, 1])], 3, 1)
    return [
        with_artefact(elsewhere.SerializeToString()),
        with_artefact(own_operator.SerializeToString()),
        with_artefact(dice),
    ]


def damaged() -> list[tuple[str, str]]:
    """Truncated at twenty places and with a byte changed at twenty; half of them with a hash of the damaged bytes."""
    dice = random.Random(7)
    found = []
    for number in range(40):
        place = dice.randrange(1, len(LENGTH))
        changed = LENGTH[:place] + (b"" if number % 4 < 2 else bytes([LENGTH[place] ^ 0x55]) + LENGTH[place + 1 :])
        whose = changed if number % 2 and number % 4 < 2 else LENGTH
        found.append(announced(length_card(whose), changed))
    return found


def packed_badly() -> list[tuple[str, str]]:
    key, body = announced_length()
    text = msgspec.json.decode(body, type=ModelRecord).artefact
    bomb = pack(b"\x08" * (MAX_ARTEFACT_BYTES + 1))
    texts = ["", "*", text[:-8], text[: len(text) // 2], bomb, base64.b64encode(LENGTH).decode()]
    texts += [base64.b64encode(lzma.compress(LENGTH, format=lzma.FORMAT_ALONE)).decode()]
    return [(key, edited(body, artefact=each)) for each in texts]


def wrong_cards() -> list[tuple[str, str]]:
    key, body = announced_length()
    wrong: list[dict[str, object]] = [
        {"sha256": "0" * 64},
        {"features": ["clicks", "device"]},
        {"features": ["clicks", "device", "mood"]},
        {"features": ["clicks", "clicks", "session_age_ms"]},
        {"features": ["clicks", "country", "session_age_ms"]},
        {"features": []},
        {"features": ["device", "device", "device"]},
        {"kind": "tone"},
        {"kind": "isolation_forest"},
        {"kind": "autoencoder"},
        {"kind": "oracle"},
        {"id": "tone"},
        {"segment": "s3"},
        {"half_width": None},
        {"coverage": 1.5},
        {"categories": {"device": []}},
        {"categories": {"device": ["phone", "phone"]}},
        {"ranges": {"clicks": [3.0, 1.0]}},
        {"ranges": {"mood": [0.0, 1.0]}},
        {"version": "one"},
    ]
    return [(key, edited(body, card=each)) for each in wrong]


def hostile_announcements(canary: Path) -> list[tuple[str, str]]:
    key, body = announced_length()
    bare = [*pickles(canary), *map(zipped, pickles(canary))]
    raw = [(key, edited(body, artefact=base64.b64encode(each).decode())) for each in bare]
    texts = ["", "{", "[]", "null", '{"card": null}', body[:-1], "[" * 100_000, body + " " * 1_000_000]
    return [
        *damaged(),
        *packed_badly(),
        *wrong_cards(),
        *other_shapes(),
        *hostile_graphs(),
        *(with_artefact(each) for each in bare),
        *raw,
        *((key, each) for each in texts),
        ("length.s3", body),
        ("", body),
    ]


def test_none_of_100_hostile_artefacts_is_loaded_and_the_old_model_stays(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hostile = hostile_announcements(canary)
    assert len(hostile) >= 100
    models = registry()
    models.announce(*announced_length(400.0))
    for key, body in hostile:
        with pytest.raises(ModelRefusedError) as refused:
            models.announce(key, body)
        assert str(refused.value)
        assert score(models) == 380.0
    assert not canary.exists()
    assert [key for key, _, _ in models.newest()] == ["length"]


def test_the_canary_would_have_been_created(tmp_path: Path) -> None:
    """What the test above rests on: each of these pickles does create it."""
    for number, each in enumerate(pickles(tmp_path / "canary")):
        (tmp_path / "canary").unlink(missing_ok=True)
        pickle.loads(each).close()
        assert (tmp_path / "canary").exists(), number


@pytest.mark.parametrize(
    ("announcement", "reason"),
    [
        (with_artefact(pickle.dumps([1])), "looks like a pickle, which is never opened"),
        (with_artefact(zipped(b"")), "begins like an archive"),
        (announced(length_card(b"other"), LENGTH), "the file has"),
        (with_artefact(LENGTH, features=["clicks", "device"]), "reads 3 columns, and its card names 2"),
        (with_artefact(LENGTH, features=["clicks", "device", "mood"]), "'mood' is not known to this job"),
        (announced_length(id="length.s1"), "expected 'length'"),
        (with_artefact(linear_model([[1.0, 1.0]] * 3, [0.0, 0.0])), "y has 2 columns; expected 1 or 3"),
        (with_artefact(LENGTH[:40]), "not ONNX"),
        (hostile_graphs()[0], "reads its numbers from other files"),
        (hostile_graphs()[1], "operators of 'com.example.shell'"),
        (hostile_graphs()[2], "RandomUniform"),
        (with_artefact(linear_model([[0.0]] * 3, [float("inf")])), "what is no number"),
    ],
)
def test_a_refusal_says_why(announcement: tuple[str, str], reason: str) -> None:
    with pytest.raises(ModelRefusedError, match=reason.replace("(", r"\(")):
        registry().announce(*announcement)


def test_no_more_models_are_taken_up_than_a_subtask_has_room_for() -> None:
    models = registry()
    for number in range(MAX_MODELS):
        models.announce(*announced_length(id=f"length.s{number}", segment=f"s{number}"))
    with pytest.raises(ModelRefusedError, match="delete one first"):
        models.announce(*announced_length())
    models.withdraw("length.s0")
    models.announce(*announced_length())


def test_packing_gives_back_the_same_bytes() -> None:
    assert unpack(pack(LENGTH)) == LENGTH
    key, body = announced_length()
    assert sha256(check_record(key, body).artefact).hexdigest() == length_card(LENGTH).sha256


def test_a_tone_has_a_column_for_each_class() -> None:
    models = registry()
    artefact = class_model([0.8, 0.2])
    models.announce(*announced(tone_card(artefact), artefact))
    three = class_model([0.5, 0.3, 0.2])
    with pytest.raises(ModelRefusedError, match="y has 3 columns; expected 2"):
        models.announce(*announced(tone_card(three, version=2), three))


def test_the_row_of_a_model_holds_places_for_categories_and_nan_for_what_is_unknown() -> None:
    inputs = ModelInputs(length_card(LENGTH))
    known = inputs.row({"clicks": 3.0, "session_age_ms": 60.0}, {"device": "desktop"})
    assert known.tolist() == [[3.0, 1.0, 60.0]]
    assert known.dtype == np.float32
    unknown = inputs.row({"clicks": None}, {"device": None})
    assert np.isnan(unknown[0, [0, 2]]).all()
    assert unknown[0, 1] == -1.0


@pytest.mark.parametrize(
    ("clicks", "device", "outside"),
    [
        (20.0, "phone", None),
        (20.5, "phone", "clicks"),
        (-0.1, "phone", "clicks"),
        (3.0, "fridge", "device"),
        (None, None, None),
    ],
)
def test_what_the_model_has_seen_no_such_value_of_is_outside(
    clicks: float | None, device: str | None, outside: str | None
) -> None:
    assert ModelInputs(length_card(LENGTH)).outside({"clicks": clicks}, {"device": device}) == outside
