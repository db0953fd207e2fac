"""The locked requirements: the versions Flink needs, hashes on every line, no addresses."""

from pathlib import Path
from typing import NamedTuple

import pytest

from infra.requirements.sets import requirements as asked_for

PROJECT = Path(__file__).parents[3]
FOLDER = PROJECT / "infra" / "requirements"
LOCKED = sorted(FOLDER.glob("*.txt"))


class Locked(NamedTuple):
    name: str
    version: str
    hashes: list[str]


def requirements(path: Path) -> list[Locked]:
    """The requirements of a file; raises AssertionError for a line that is none."""
    found = []
    for line in path.read_text().replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pinned, *options = line.partition(";")[0].split()
        name, equal, version = pinned.partition("==")
        assert equal, f"{path.name}: {pinned} is not pinned"
        options += line.partition(";")[2].split()
        hashes = [option.removeprefix("--hash=sha256:") for option in options if option.startswith("--hash=sha256:")]
        found.append(Locked(name, version, hashes))
    return found


def versions(name: str) -> dict[str, str]:
    return {each.name: each.version for each in requirements(FOLDER / name)}


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    locked = requirements(path)
    assert locked
    for each in locked:
        assert each.hashes, each.name
        assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in each.hashes), each.name


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_no_line_names_an_address_or_another_index(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert "://" not in line
        assert " @ " not in line
        assert not line.lstrip().startswith(("-i", "-f", "-e", "--index", "--extra-index", "--find-links", "--trusted"))


@pytest.mark.parametrize("name", ["job.txt", "local.txt"])
def test_flink_gets_the_versions_it_can_work_with(name: str) -> None:
    found = versions(name)
    assert found["apache-flink"] == "2.3.0"
    assert found["apache-beam"] == "2.61.0"
    assert found["numpy"] == "2.1.3"
    assert found["pandas"] == "2.2.3"
    assert found["redis"] == "5.3.1"
    assert number(found["protobuf"]) < (6,)
    assert number(found["pyarrow"]) < (21,)


@pytest.mark.parametrize("extra", ["job", "edge", "learn", "bench"])
def test_each_set_holds_the_versions_that_pyproject_asks_for(extra: str) -> None:
    found = versions(f"{extra}.txt")
    for pinned in asked_for(extra):
        name, exact, version = pinned.partition("==")
        if exact:
            assert found[name] == version


def test_the_sets_agree_with_each_other() -> None:
    everything = versions("local.txt")
    for extra in ("job", "edge", "learn"):
        assert versions(f"{extra}.txt").items() <= everything.items()


@pytest.mark.parametrize("name", ["compile", "dev"])
def test_the_local_set_holds_what_developers_need_beside(name: str) -> None:
    found = versions("local.txt")
    for pinned in asked_for(name):
        assert found[pinned.partition("==")[0].lower()] == (pinned.partition("==")[2] or found[pinned.lower()])
