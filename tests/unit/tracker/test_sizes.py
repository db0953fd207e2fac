"""What a page has to load stays small, and what it is built with is pinned without addresses."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.bench.tracker_sizes import serving, table, wire_bytes
from infra.local.home import PROJECT
from tests.support.fake_collector import TRACKER

FOLDER = PROJECT / "infra" / "tracker"
SOURCES = sorted((FOLDER / "src").glob("*.js"))


def test_each_file_stays_within_its_size_on_the_wire() -> None:
    """Asked for as a browser asks, from a real server. What only takes gzip may get a sixth more."""
    with serving() as origin:
        sizes = wire_bytes(origin)
    print(table(sizes))
    for name, max_bytes in {"adjust": 4096, "movements": 2048, "client": 2560}.items():
        assert sizes[name]["br"] <= max_bytes, name
        assert sizes[name]["gzip"] <= max_bytes * 7 / 6, name


def test_what_is_served_is_built_from_what_stands_here(tmp_path: Path) -> None:
    (tmp_path / "tools").symlink_to(TRACKER / "tools")
    subprocess.run([str(FOLDER / "build.sh"), str(tmp_path)], check=True, timeout=60)
    for built in ("adjust.js", "movements.js", "client.js"):
        assert (tmp_path / built).read_bytes() == (TRACKER / built).read_bytes(), "run `make setup`"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_listens_to_keys_or_leaves_a_page_by_unload(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//.*", "", path.read_text(), flags=re.S)
    assert not re.search(r"keydown|keyup|keypress|beforeinput|unload|cookie|innerHTML|\beval\b", code)
    assert not re.search(r"[\"' ]input[\"' ]", code.replace('"input,select', ""))


def test_versions_are_pinned_without_addresses() -> None:
    lock = (FOLDER / "package-lock.json").read_text()
    assert "://" not in lock
    assert "://" not in (FOLDER / "package.json").read_text()
    asked = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    packages = json.loads(lock)["packages"]
    for name, version in asked.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all(each.get("integrity", "").startswith("sha512-") for path, each in packages.items() if path)
