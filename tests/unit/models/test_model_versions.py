"""The version store keeps whole versions, opens nothing but ONNX, and knows what was in force before."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import fsspec
import msgspec
import pytest

from models.model_store import ModelError
from models.model_versions import ModelVersions, Promotion
from models.store_addresses import files_at
from schemas.model_cards import ModelCard
from tests.support.announced_models import length_card, length_model


def card_of(artefact: bytes) -> ModelCard:
    return length_card(artefact)


@pytest.fixture(params=["folder", "memory"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that does not exist yet: a folder, and an address that fsspec opens."""
    # The memory of fsspec is that of the process: the path keeps tests apart.
    return str(tmp_path / "models") if request.param == "folder" else f"memory:/{tmp_path}/models"


def write(location: str, name: str, content: bytes) -> None:
    """Writes a file of the store past the store."""
    with fsspec.open(f"{location}/{name}", "wb", auto_mkdir=True) as file:
        file.write(content)


def read(location: str, name: str) -> bytes:
    with fsspec.open(f"{location}/{name}", "rb") as file:
        return bytes(file.read())


def store(location: str, versions: int = 0) -> ModelVersions:
    found = ModelVersions.at(location)
    for number in range(versions):
        artefact = length_model(400.0 + number)
        found.add(card_of(artefact), artefact, {"report.html": b"page"})
    return found


def test_versions_count_up_and_are_loaded_as_they_were_stored(location: str) -> None:
    found = store(location, 3)
    assert found.ids() == ["length"]
    assert found.versions("length") == [1, 2, 3]
    stored = found.load("length", 2)
    assert stored.artefact == length_model(401.0)
    assert stored.card == msgspec.structs.replace(card_of(length_model(401.0)), version=2)
    assert found.read("length", 2, "report.html") == b"page"
    assert found.read("length", 2, "nothing.html") is None


def test_a_store_that_does_not_exist_yet_holds_nothing(location: str) -> None:
    assert store(location).ids() == []
    assert store(location).versions("length") == []
    assert store(location).promoted("length") is None


def test_half_a_version_is_not_seen(location: str) -> None:
    found = store(location, 1)
    # As a training that was killed leaves it: aside in a folder, without its card in a bucket.
    write(location, "length/.new-abc/card.json", b"{}")
    if location.startswith("memory:"):
        write(location, "length/2/model.onnx", length_model())
    assert found.versions("length") == [1]
    with pytest.raises(ModelError, match="no version 2; there are 1"):
        found.load("length", 2)


def test_a_number_that_another_training_took_is_passed_over(location: str) -> None:
    found = store(location, 1)

    class Slow(ModelVersions):
        """Sees the second version only after it has looked for the next number."""

        looks = 0

        def versions(self, model_id: str) -> list[int]:
            Slow.looks += 1
            return [1] if Slow.looks == 1 else super().versions(model_id)

    other = length_model(500.0)
    found.add(card_of(other), other)
    mine = length_model(600.0)
    assert Slow(files_at(location)).add(card_of(mine), mine).version == 3
    assert found.load("length", 2).artefact == other
    assert found.load("length", 3).artefact == mine


PICKLE = b"\x80\x04cos\nsystem\n(S'touch /tmp/canary'\ntR."


@pytest.mark.parametrize(
    ("artefact", "says"),
    [(PICKLE, "a pickle, which is never opened"), (b"", "not ONNX"), (b"PK\x03\x04", "like an archive")],
)
def test_only_onnx_is_stored_or_loaded(location: str, artefact: bytes, says: str) -> None:
    found = store(location, 1)
    vouching = msgspec.structs.replace(card_of(artefact), version=1)
    with pytest.raises(ModelError, match=says):
        found.add(vouching, artefact)
    write(location, "length/1/model.onnx", artefact)
    write(location, "length/1/card.json", msgspec.json.encode(vouching))
    with pytest.raises(ModelError, match=says):
        found.load("length", 1)


def test_bytes_that_were_changed_are_refused(location: str) -> None:
    found = store(location, 1)
    write(location, "length/1/model.onnx", read(location, "length/1/model.onnx") + b"\0")
    with pytest.raises(ModelError, match="the card says sha256"):
        found.load("length", 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is no whole JSON; take"),
        (b"{", "is no whole JSON; take"),
        (b"\xff", "is no whole JSON; take"),
        (b"[" * 2_000, "is no whole JSON; take|is no card of a model"),
        (b"[]", "is no card of a model: Expected `object`, got `array`; take"),
        (b'{"id": 1}', "is no card of a model: "),
    ],
)
def test_a_card_that_is_none_is_refused(location: str, text: bytes, says: str) -> None:
    found = store(location, 1)
    write(location, "length/1/card.json", text)
    with pytest.raises(ModelError, match=rf"models/length/1: card\.json ({says})") as refused:
        found.load("length", 1)
    assert str(refused.value).endswith("take it back from a copy, or train another version")


@pytest.mark.parametrize("name", ["card.json", "model.onnx"])
def test_a_file_that_is_missing_is_named_with_what_mends_it(location: str, name: str) -> None:
    found = store(location, 1)
    with fsspec.open(f"{location}/length/1/{name}") as file:
        file.fs.rm(f"{file.path}")
    with pytest.raises(ModelError) as refused:
        found.load("length", 1)
    is_none = location.startswith("memory:") and name == "card.json"
    missing = f"{location}/length/1: {name} is missing; take it back from a copy, or train another version"
    assert str(refused.value).startswith("model length: no version 1;" if is_none else missing)


def test_the_card_of_another_version_is_refused(location: str) -> None:
    found = store(location, 2)
    for name in ("card.json", "model.onnx"):
        write(location, f"length/2/{name}", read(location, f"length/1/{name}"))
    with pytest.raises(ModelError, match="the card is of length version 1"):
        found.load("length", 2)


def test_a_huge_artefact_is_refused(location: str) -> None:
    found = store(location, 1)
    write(location, "length/1/model.onnx", b"\0" * (5 * 1024 * 1024))
    with pytest.raises(ModelError, match="is longer than"):
        found.load("length", 1)


def test_rollback_goes_to_what_was_in_force_before(location: str) -> None:
    found = store(location, 4)

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
def test_an_id_that_leaves_the_store_is_refused(location: str, name: str) -> None:
    with pytest.raises(ModelError, match="is no id of a model"):
        store(location).versions(name)


def test_a_version_that_is_not_there_is_told_with_those_that_are(location: str) -> None:
    found = store(location, 2)
    for version in (9, 10**300, -1, 0):
        with pytest.raises(ModelError, match=f"no version {version}; there are 1, 2"):
            found.load("length", version)


def test_a_file_address_is_a_folder(tmp_path: Path) -> None:
    store(str(tmp_path / "models"), 1)
    assert ModelVersions.at((tmp_path / "models").as_uri()).ids() == ["length"]


def test_a_file_address_names_a_folder_as_an_address_writes_it(tmp_path: Path) -> None:
    store(str(tmp_path / "my models"), 1)
    address = (tmp_path / "my models").as_uri()
    assert "%20" in address
    assert ModelVersions.at(address).ids() == ["length"]


@pytest.mark.parametrize(
    "address", ["file://", "file:///", "file://host/models", "file:models", "file:/models", "FILE://models", "file:"]
)
def test_a_file_address_without_a_whole_path_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="file:///path"):
        ModelVersions.at(address)


@pytest.mark.parametrize(
    ("address", "says"), [("file:///models%00x", "holds no %00"), ("file:///models%ff", "no UTF-8")]
)
def test_a_file_address_of_no_possible_path_is_refused(address: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        ModelVersions.at(address)


def test_a_store_whose_name_is_too_long_is_told(tmp_path: Path) -> None:
    for place in (str(tmp_path / ("x" * 300)), (tmp_path / ("x" * 300)).as_uri()):
        found = ModelVersions.at(place)
        for ask in (
            found.ids,
            lambda found=found: found.versions("length"),
            lambda found=found: found.promoted("length"),
        ):
            with pytest.raises(ModelError, match=r"the store .*xxx cannot be read: File name too long"):
                ask()


@pytest.mark.parametrize("address", ["", " ", "s3://", "://models", "memory:// "])
def test_an_address_that_names_no_place_is_refused(address: str) -> None:
    with pytest.raises(ModelError, match="names no place: give a folder, or an address such as"):
        ModelVersions.at(address)


def test_the_hash_on_the_card_is_that_of_the_file(location: str) -> None:
    found = store(location, 1)
    text = read(location, "length/1/model.onnx")
    assert found.load("length", 1).card.sha256 == sha256(text).hexdigest()


@pytest.mark.parametrize("name", ["²", "007", "१", "0", "1e3"])
def test_a_folder_that_is_no_version_is_not_seen(location: str, name: str) -> None:
    found = store(location, 1)
    write(location, f"length/{name}/card.json", b"{}")
    write(location, "length/9", b"a file")
    assert found.versions("length") == [1]
    assert found.ids() == ["length"]


def test_a_store_that_is_a_file_is_told_before_anything_is_trained(location: str) -> None:
    with fsspec.open(location, "wb") as file:
        file.write(b"no folder")
    found = ModelVersions.at(location)
    with pytest.raises(ModelError, match="is a file: give a folder"):
        found.ids()
    with pytest.raises(ModelError, match="is a file: give a folder"):
        found.require_writable("length")


def test_a_store_that_can_be_written_is_left_as_it_was(location: str) -> None:
    found = store(location, 1)
    found.require_writable("length")
    assert files_at(location).names("length") == ["1"]


def test_what_could_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    found = store(str(tmp_path / "models"), 1)
    artefact = length_model(700.0)
    with pytest.raises(ModelError, match="cannot be written"):
        found.add(card_of(artefact), artefact, {"no/such/folder.html": b"page"})
    assert [each.name for each in (tmp_path / "models" / "length").iterdir()] == ["1"]


def test_findings_may_name_the_version(location: str) -> None:
    found = store(location, 1)
    artefact = length_model(700.0)
    found.add(card_of(artefact), artefact, lambda card: {"report.html": f"version {card.version}".encode()})
    assert found.read("length", 2, "report.html") == b"version 2"


def test_promotions_at_once_do_not_lose_one_another(location: str) -> None:
    found = store(location, 2)
    promotions = [Promotion(1 + number % 2, "promote", number, "anna") for number in range(16)]

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: found.record("length", each), promotions))

    assert sorted(each.at_ms for each in found.promotions("length")) == list(range(16))
    assert set(files_at(location).names("length", "promotions")) == {f"{number}.json" for number in range(1, 17)}


def test_a_mounted_bucket_without_hard_links_keeps_promotions_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    found = store(str(tmp_path / "models"), 2)
    for version in (1, 2):
        found.record("length", Promotion(version, "promote", version, "anna"))

    assert [each.version for each in found.promotions("length")] == [1, 2]


def test_promotions_of_a_store_of_before_are_read_and_gone_on_from(location: str) -> None:
    found = store(location, 2)
    before = [Promotion(1, "promote", 1, "anna")]
    write(location, "length/promotions.json", msgspec.json.encode(before))

    found.record("length", Promotion(2, "promote", 2, "eva"))

    assert [each.version for each in found.promotions("length")] == [1, 2]
    assert (found.promoted("length"), found.before("length")) == (2, 1)
    write(location, "length/promotions/1.json", b"{")
    with pytest.raises(ModelError, match=r"promotions/1.json, which says what is in force"):
        found.promoted("length")
    assert found.load("length", 2).card.version == 2


def test_trainings_at_once_get_numbers_of_their_own(location: str) -> None:
    found = store(location)
    artefacts = [length_model(400.0 + number) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        cards = list(pool.map(lambda each: found.add(card_of(each), each), artefacts))

    assert found.versions("length") == list(range(1, 9))
    for card, artefact in zip(cards, artefacts, strict=True):
        assert found.load("length", card.version).artefact == artefact


def test_a_version_tells_its_place_and_when_it_was_written(location: str) -> None:
    found = store(location, 1)
    assert found.place("length", 1, "report.html") == f"{location}/length/1/report.html"
    assert found.address("length", 1).endswith("/models/length/1")
    assert "://" in found.address("length", 1)
    assert (found.written_ms("length", 1) or 0) > 1_700_000_000_000
