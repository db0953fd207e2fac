"""The version store keeps whole versions, opens nothing but ONNX, and knows what was in force before."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from models.model_store import ModelError
from models.model_versions import ModelVersions, Promotion
from schemas.model_cards import ModelCard
from tests.support.announced_models import length_card, length_model


def card_of(artefact: bytes) -> ModelCard:
    return length_card(artefact)


def store(tmp_path: Path, versions: int = 0) -> ModelVersions:
    found = ModelVersions(tmp_path / "models")
    for number in range(versions):
        artefact = length_model(400.0 + number)
        found.add(card_of(artefact), artefact, {"report.html": b"page"})
    return found


def test_versions_count_up_and_are_loaded_as_they_were_stored(tmp_path: Path) -> None:
    found = store(tmp_path, 3)
    assert found.ids() == ["length"]
    assert found.versions("length") == [1, 2, 3]
    stored = found.load("length", 2)
    assert stored.artefact == length_model(401.0)
    assert stored.card == msgspec.structs.replace(card_of(length_model(401.0)), version=2)
    assert found.read("length", 2, "report.html") == b"page"
    assert found.read("length", 2, "nothing.html") is None


def test_a_store_that_does_not_exist_yet_holds_nothing(tmp_path: Path) -> None:
    assert store(tmp_path).ids() == []
    assert store(tmp_path).versions("length") == []
    assert store(tmp_path).promoted("length") is None


def test_half_a_version_is_not_seen(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    (tmp_path / "models" / "length" / ".new-abc").mkdir()
    assert found.versions("length") == [1]


def test_a_number_that_another_training_took_is_passed_over(tmp_path: Path) -> None:
    found = store(tmp_path, 1)

    class Slow(ModelVersions):
        """Sees the second version only after it has looked for the next number."""

        looks = 0

        def versions(self, model_id: str) -> list[int]:
            Slow.looks += 1
            return [1] if Slow.looks == 1 else super().versions(model_id)

    other = length_model(500.0)
    found.add(card_of(other), other)
    mine = length_model(600.0)
    assert Slow(tmp_path / "models").add(card_of(mine), mine).version == 3
    assert found.load("length", 2).artefact == other
    assert found.load("length", 3).artefact == mine


PICKLE = b"\x80\x04cos\nsystem\n(S'touch /tmp/canary'\ntR."


@pytest.mark.parametrize(
    ("artefact", "says"),
    [(PICKLE, "a pickle, which is never opened"), (b"", "not ONNX"), (b"PK\x03\x04", "like an archive")],
)
def test_only_onnx_is_stored_or_loaded(tmp_path: Path, artefact: bytes, says: str) -> None:
    found = store(tmp_path, 1)
    vouching = msgspec.structs.replace(card_of(artefact), version=1)
    with pytest.raises(ModelError, match=says):
        found.add(vouching, artefact)
    folder = tmp_path / "models" / "length" / "1"
    (folder / "model.onnx").write_bytes(artefact)
    (folder / "card.json").write_bytes(msgspec.json.encode(vouching))
    with pytest.raises(ModelError, match=says):
        found.load("length", 1)


def test_bytes_that_were_changed_are_refused(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    path = tmp_path / "models" / "length" / "1" / "model.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="the card says sha256"):
        found.load("length", 1)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_a_card_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    found = store(tmp_path, 1)
    (tmp_path / "models" / "length" / "1" / "card.json").write_bytes(text)
    with pytest.raises(ModelError, match="cannot be used"):
        found.load("length", 1)


def test_the_card_of_another_version_is_refused(tmp_path: Path) -> None:
    found = store(tmp_path, 2)
    folder = tmp_path / "models" / "length"
    for name in ("card.json", "model.onnx"):
        (folder / "2" / name).write_bytes((folder / "1" / name).read_bytes())
    with pytest.raises(ModelError, match="the card is of length version 1"):
        found.load("length", 2)


def test_a_huge_artefact_is_refused_unread(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    with (tmp_path / "models" / "length" / "1" / "model.onnx").open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    with pytest.raises(ModelError, match="is longer than"):
        found.load("length", 1)


def test_rollback_goes_to_what_was_in_force_before(tmp_path: Path) -> None:
    found = store(tmp_path, 4)

    def put(version: int, kind: str = "promote") -> None:
        found.record("length", Promotion(version, kind, 0, "anna"))  # type: ignore[arg-type]

    for version in (1, 2, 4):
        put(version)
    assert (found.promoted("length"), found.before("length")) == (4, 2)
    put(2, "rollback")
    # Not back to 4, which was just taken out.
    assert (found.promoted("length"), found.before("length")) == (2, 1)
    put(1, "rollback")
    with pytest.raises(ModelError, match="there is none before it"):
        found.before("length")
    assert len(found.promotions("length")) == 5


@pytest.mark.parametrize("name", ["../length", "", "Length", "a/b", ".hidden"])
def test_an_id_that_leaves_the_store_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="is no id of a model"):
        store(tmp_path).versions(name)


def test_a_version_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    found = store(tmp_path, 2)
    for version in (9, 10**300, -1, 0):
        with pytest.raises(ModelError, match=f"no version {version}; there are 1, 2"):
            found.load("length", version)


def test_a_file_address_is_a_folder(tmp_path: Path) -> None:
    store(tmp_path, 1)
    assert ModelVersions.at((tmp_path / "models").as_uri()).ids() == ["length"]


def test_the_hash_on_the_card_is_that_of_the_file(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    text = (tmp_path / "models" / "length" / "1" / "model.onnx").read_bytes()
    assert found.load("length", 1).card.sha256 == sha256(text).hexdigest()


@pytest.mark.parametrize("name", ["²", "007", "१", "0", "1e3"])
def test_a_folder_that_is_no_version_is_not_seen(tmp_path: Path, name: str) -> None:
    found = store(tmp_path, 1)
    (tmp_path / "models" / "length" / name).mkdir()
    (tmp_path / "models" / "length" / "9").write_text("a file")
    assert found.versions("length") == [1]
    assert found.ids() == ["length"]


def test_a_store_that_is_a_file_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder")
    found = ModelVersions(tmp_path / "models")
    with pytest.raises(ModelError, match="is a file: give a folder"):
        found.ids()
    with pytest.raises(ModelError, match="is a file: give a folder"):
        found.require_writable("length")


def test_a_store_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    found.require_writable("length")
    assert [each.name for each in (tmp_path / "models" / "length").iterdir()] == ["1"]


def test_what_could_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    artefact = length_model(700.0)
    with pytest.raises(ModelError, match="cannot be written"):
        found.add(card_of(artefact), artefact, {"no/such/folder.html": b"page"})
    assert [each.name for each in (tmp_path / "models" / "length").iterdir()] == ["1"]


def test_findings_may_name_the_version(tmp_path: Path) -> None:
    found = store(tmp_path, 1)
    artefact = length_model(700.0)
    found.add(card_of(artefact), artefact, lambda card: {"report.html": f"version {card.version}".encode()})
    assert found.read("length", 2, "report.html") == b"version 2"


def test_promotions_at_once_do_not_lose_one_another(tmp_path: Path) -> None:
    found = store(tmp_path, 2)
    promotions = [Promotion(1 + number % 2, "promote", number, "anna") for number in range(16)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: found.record("length", each), promotions))

    assert sorted(each.at_ms for each in found.promotions("length")) == list(range(16))
    names = {each.name for each in (tmp_path / "models" / "length" / "promotions").iterdir()}
    assert names == {f"{number}.json" for number in range(1, 17)}


def test_a_mounted_bucket_without_hard_links_keeps_promotions_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    found = store(tmp_path, 2)
    for version in (1, 2):
        found.record("length", Promotion(version, "promote", version, "anna"))

    assert [each.version for each in found.promotions("length")] == [1, 2]


def test_promotions_of_a_store_of_before_are_read_and_gone_on_from(tmp_path: Path) -> None:
    found = store(tmp_path, 2)
    before = [Promotion(1, "promote", 1, "anna")]
    (tmp_path / "models" / "length" / "promotions.json").write_bytes(msgspec.json.encode(before))

    found.record("length", Promotion(2, "promote", 2, "eva"))

    assert [each.version for each in found.promotions("length")] == [1, 2]
    assert (found.promoted("length"), found.before("length")) == (2, 1)
    (tmp_path / "models" / "length" / "promotions" / "1.json").write_text("{")
    with pytest.raises(ModelError, match=r"promotions/1.json, which says what is in force"):
        found.promoted("length")
    assert found.load("length", 2).card.version == 2
