"""A store at an address: what drivers lack, refuse and say ends in one sentence without secrets."""

import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from models.model_store import ModelError
from models.model_versions import ModelVersions, Promotion
from models.object_store_files import ObjectStoreFiles
from models.store_addresses import shown_address
from tests.support.announced_models import length_card, length_model

SECRET = "tr0ub4dor"


class DeniedFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A bucket that the account may not use, and that says the whole address when it refuses."""

    protocol = "denied"

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        raise PermissionError(f"no access to denied://eva:{SECRET}@bucket/models?token={SECRET}")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        raise RuntimeError(f"403 for {SECRET}")


class WriteOnceFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """A driver without exclusive creation, whose folders are lasting and whose times are not known."""

    protocol = "plain"

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        if mode != "overwrite":
            raise NotImplementedError
        super().pipe_file(path, value)

    def modified(self, path: str) -> Any:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def drivers() -> None:
    fsspec.register_implementation("denied", DeniedFileSystem, clobber=True)
    fsspec.register_implementation("plain", WriteOnceFileSystem, clobber=True)


def added(store: ModelVersions, words: float = 400.0) -> int:
    artefact = length_model(words)
    return store.add(length_card(artefact), artefact, {"report.html": b"page"}).version


def test_a_missing_driver_is_named_with_what_installs_it() -> None:
    for address, package in (("s3://b/m", "s3fs"), ("gs://b/m", "gcsfs"), ("abfs://c/m", "adlfs")):
        with pytest.raises(ModelError, match=f"{address}: .* is not installed: pip install {package}$"):
            ModelVersions.at(address)


def test_without_fsspec_its_name_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ModelError, match=r"pip install fsspec s3fs$"):
        ModelVersions.at("s3://b/m")


def test_a_protocol_that_nobody_knows_is_told() -> None:
    with pytest.raises(ModelError, match="nowhere://b/m: there is no protocol nowhere"):
        ModelVersions.at("nowhere://b/m")


def test_an_address_with_a_query_is_refused_without_showing_it() -> None:
    with pytest.raises(ModelError, match="nothing after a question mark") as refusal:
        ModelVersions.at(f"memory://b/m?token={SECRET}")
    assert SECRET not in str(refusal.value)


def test_what_is_denied_is_told_with_address_and_reason_and_without_secrets() -> None:
    store = ModelVersions.at(f"denied://eva:{SECRET}@bucket/models")
    for attempt in (store.ids, lambda: store.versions("length"), lambda: store.promoted("length")):
        with pytest.raises(
            ModelError, match=r"denied://bucket/models.* cannot be read: no access to denied://bucket"
        ) as told:
            attempt()
        assert SECRET not in str(told.value)
    with pytest.raises(ModelError, match="the store denied://bucket/models cannot be written: RuntimeError") as told:
        store.require_writable("length")
    assert SECRET not in str(told.value)
    assert told.value.__suppress_context__


def test_places_and_addresses_hold_no_password() -> None:
    store = ModelVersions.at(f"memory://eva:{SECRET}@host/models")
    added(store)
    assert store.place("length", 1) == store.address("length", 1) == "memory://host/models/length/1"
    with pytest.raises(ModelError, match="no version 2; there are 1"):
        store.load("length", 2)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("models", "models"),
        ("/a:b@c/models", "/a:b@c/models"),
        ("s3://key:se/cr@t@bucket/models", "s3://bucket/models"),
        ("sftp://host:22/mo@dels/", "sftp://host:22/mo@dels"),
        ("s3://bucket/models?versionId=1#x", "s3://bucket/models"),
        ("s3://:secret@bucket/models", "s3://bucket/models"),
    ],
)
def test_an_address_is_shown_without_secrets(address: str, shown: str) -> None:
    assert shown_address(address) == shown


def test_a_driver_without_exclusive_creation_keeps_what_is_there(tmp_path: Path) -> None:
    store = ModelVersions.at(f"plain:/{tmp_path}/models")
    assert [added(store), added(store, 500.0)] == [1, 2]
    for version in (1, 2):
        store.record("length", Promotion(version, "promote", version, "eva"))
    assert [each.version for each in store.promotions("length")] == [1, 2]
    assert store.written_ms("length", 1) is None


def test_a_number_that_a_killed_training_holds_is_passed_over(tmp_path: Path) -> None:
    location = f"memory:/{tmp_path}/models"
    store = ModelVersions.at(location)
    ObjectStoreFiles(location).create(b"half", "length", "1", "model.onnx")
    assert store.ids() == []
    assert added(store) == 2
    assert store.versions("length") == [2]


def test_a_folder_that_fsspec_opens_is_made_and_names_are_claimed_by_the_system(tmp_path: Path) -> None:
    store = ModelVersions.at(f"local://{tmp_path}/new/models")
    store.require_writable("length")
    assert added(store) == 1
    store.record("length", Promotion(1, "promote", 0, "eva"))
    assert (store.ids(), store.promoted("length")) == (["length"], 1)
    with pytest.raises(FileExistsError):
        ObjectStoreFiles(f"local://{tmp_path}/new/models").create(b"", "length", "promotions", "1.json")
    assert sorted(each.name for each in (tmp_path / "new" / "models" / "length").iterdir()) == ["1", "promotions"]


def test_a_version_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = f"memory:/{tmp_path}/models"
    store = ModelVersions.at(location)
    added(store)
    whole = MemoryFileSystem.pipe_file

    def full(self: Any, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        if path.endswith("card.json"):
            raise OSError("no space left")
        whole(self, path, value, mode, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", full)
    with pytest.raises(ModelError, match="cannot be written: no space left"):
        added(store, 500.0)
    assert ObjectStoreFiles(location).names("length") == ["1"]
