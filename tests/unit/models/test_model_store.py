"""The model store refuses what it cannot vouch for, and says why."""

from pathlib import Path
from zipfile import Path as ZipPath
from zipfile import ZipFile

import msgspec
import numpy as np
import pytest

from models.features import FOREST_FEATURES
from models.isolation_forest.onnx_export import fit, to_onnx
from models.model_store import ModelError, load_forest
from schemas.model_cards import ModelCard
from tests.support.builders import forest_card, forest_model


def stored(folder: Path, artefact: bytes, card: ModelCard) -> Path:
    (folder / "forest.onnx").write_bytes(artefact)
    (folder / "forest.json").write_bytes(msgspec.json.encode(card))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_forest(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_a_forest_with_its_card_is_loaded(tmp_path: Path) -> None:
    card = forest_card(forest_model())
    found = load_forest(stored(tmp_path, forest_model(), card))
    assert (found.card, found.artefact) == (card, forest_model())


def test_a_forest_is_loaded_from_an_archive_too(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "job.zip", "w") as archive:
        archive.writestr("shipped/forest.onnx", forest_model())
        archive.writestr("shipped/forest.json", msgspec.json.encode(forest_card(forest_model())))
    with ZipFile(tmp_path / "job.zip") as archive:
        assert load_forest(ZipPath(archive, "shipped/")).artefact == forest_model()
        with pytest.raises(ModelError, match="cannot be used"):
            load_forest(ZipPath(archive, "elsewhere/"))


def test_bytes_that_are_not_those_of_the_card_are_refused(tmp_path: Path) -> None:
    card = forest_card(forest_model())
    text = refusal(stored(tmp_path, forest_model() + b"\0", card))
    assert f"model forest version 1: the card says sha256 {card.sha256[:12]}" in text
    assert "take the file that belongs to this card" in text


@pytest.mark.parametrize("missing", ["forest.onnx", "forest.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    stored(tmp_path, forest_model(), forest_card(forest_model()))
    (tmp_path / missing).unlink()
    assert missing in refusal(tmp_path)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "card", [b"{", b"[]", b"{}", b'{"id": 7}', msgspec.json.encode({"id": "forest", "version": 1, "kind": "pickle"})]
)
def test_a_card_that_is_none_is_refused(tmp_path: Path, card: bytes) -> None:
    stored(tmp_path, forest_model(), forest_card(forest_model()))
    (tmp_path / "forest.json").write_bytes(card)
    assert "cannot be used" in refusal(tmp_path)


def test_bytes_with_the_right_checksum_that_are_no_forest_are_refused(tmp_path: Path) -> None:
    pickled = b"\x80\x04K\x07."
    assert "not an ONNX forest" in refusal(stored(tmp_path, pickled, forest_card(pickled)))


def test_a_card_of_other_features_is_refused_with_both_lists(tmp_path: Path) -> None:
    names = ["mood", *FOREST_FEATURES[1:]]
    text = refusal(stored(tmp_path, forest_model(), forest_card(forest_model(), features=names)))
    assert f"reads {', '.join(names)}; this job computes {', '.join(FOREST_FEATURES)}" in text


def test_the_same_features_in_another_order_are_other_features(tmp_path: Path) -> None:
    refusal(stored(tmp_path, forest_model(), forest_card(forest_model(), features=list(reversed(FOREST_FEATURES)))))


def test_a_forest_that_reads_another_number_of_features_than_its_card_says_is_refused(tmp_path: Path) -> None:
    narrow = to_onnx(fit(np.random.default_rng(1).normal(size=(64, 3)).astype(np.float32), 1))
    refusal(stored(tmp_path, narrow, forest_card(narrow)))
