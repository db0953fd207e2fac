"""Which files the gateway serves, with which headers, and that nothing else can be reached."""

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette

from infra.gateway.console.endpoints import HEADERS as CONSOLE_HEADERS
from infra.gateway.debug.endpoints import HEADERS as DEBUG_HEADERS
from infra.gateway.static import tracker
from infra.gateway.static.files import FolderFiles
from tests.support.gateway_in_process import InProcessClient, in_process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    (served / "sub").mkdir(parents=True)
    (served / "page.js").write_text("page")
    (served / "sub" / "deep.css").write_text("deep")
    (served / "notes.md").write_text("notes")
    (served / "folder.js").mkdir()
    (tmp_path / "secret.js").write_text("secret")
    return served


def test_files_of_known_types_are_sent_with_type_and_headers(folder: Path) -> None:
    files = FolderFiles(folder, {"x-test": "1"})
    page, deep = files.response("page.js"), files.response("sub/deep.css")
    assert page is not None
    assert deep is not None
    assert (page.body, page.headers["content-type"], page.headers["x-test"]) == (
        b"page",
        "text/javascript; charset=utf-8",
        "1",
    )
    assert (deep.body, deep.headers["content-type"]) == (b"deep", "text/css; charset=utf-8")


@pytest.mark.parametrize(
    "name",
    ["", ".", "sub", "folder.js", "notes.md", "../secret.js", "sub/../page.js", "/page.js", "PAGE.js", "page.js/"],
)
def test_no_other_name_is_served(folder: Path, name: str) -> None:
    assert FolderFiles(folder, {}).response(name) is None


def test_suffixes_and_subfolders_can_be_left_out(folder: Path) -> None:
    assert FolderFiles(folder, {}, {".css"}).response("page.js") is None
    assert FolderFiles(folder, {}, with_subfolders=False).response("sub/deep.css") is None


def test_a_rebuilt_file_shows_without_a_restart(folder: Path) -> None:
    files = FolderFiles(folder, {})
    (folder / "new.js").write_text("new")
    found = files.response("new.js")
    assert found is not None
    assert found.body == b"new"


def test_the_packaged_tracker_goes_before_that_of_the_checkout(tmp_path: Path) -> None:
    packaged, built = tmp_path / "packaged", tmp_path / "built"
    packaged.mkdir()
    assert tracker.tracker_folder(packaged, built) == built
    (packaged / "adjust.js").write_text("built")
    assert tracker.tracker_folder(packaged, built) == packaged


def test_pages_of_other_origins_may_load_the_tracker(tmp_path: Path) -> None:
    (tmp_path / "adjust.js").write_text("built")
    (tmp_path / "package.json").write_text("{}")
    client = InProcessClient(Starlette(routes=tracker.routes(tmp_path)))
    answer = client.get("/t/adjust.js")
    assert (answer.status_code, answer.text) == (200, "built")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert client.get("/t/package.json").status_code == 404


def test_the_gateway_serves_the_tracker_with_and_without_the_demo() -> None:
    for demo in (False, True):
        assert in_process(demo=demo).get("/t/nothing.js").headers["access-control-allow-origin"] == "*"


def test_each_page_has_its_security_headers() -> None:
    gateway = in_process()
    for path, headers in (
        ("/console/", CONSOLE_HEADERS),
        ("/console/js/app.js", CONSOLE_HEADERS),
        ("/debug/", DEBUG_HEADERS),
    ):
        answer = gateway.get(path)
        assert answer.status_code == 200, path
        assert {name: answer.headers.get(name) for name in headers} == headers, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert gateway.get("/debug/debug.js").headers["content-type"].startswith("text/javascript")
    assert gateway.get("/debug/endpoints.py").status_code == 404


def test_the_demo_is_served_only_where_it_is_switched_on() -> None:
    assert in_process().get("/demo/").status_code == 404
    demo = in_process(demo=True)
    assert "key-of-the-tests" in demo.get("/demo/").text
    assert demo.get("/demo/site.css").headers["content-type"].startswith("text/css")
    # Parts of pages are no pages.
    for part in ("page.html", "articles/tides.html", "nothing"):
        assert demo.get(f"/demo/{part}").status_code == 404


@pytest.fixture
def scripts(tmp_path: Path) -> InProcessClient:
    """A server of a core and a part, the core with a Brotli form."""
    (tmp_path / "adjust.js").write_text("core " * 100)
    (tmp_path / "adjust.js.br").write_bytes(b"brotli")
    (tmp_path / "client.0a1b2c.js").write_text("part")
    return InProcessClient(Starlette(routes=tracker.routes(tmp_path)))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("gzip;q=0", None),
        ("identity", None),
        ("br;q=high", None),
    ],
)
def test_a_script_goes_in_the_smallest_form_that_is_accepted(
    scripts: InProcessClient, accepted: str, coding: str | None
) -> None:
    answer = scripts.get("/t/adjust.js", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"


def test_a_script_that_the_browser_has_is_not_sent_again(scripts: InProcessClient) -> None:
    first = scripts.get("/t/adjust.js", headers={"accept-encoding": "gzip"})
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = scripts.get("/t/adjust.js", headers={"accept-encoding": "gzip", "if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    # The tag names bytes: another form of the same script has another.
    plain = scripts.get("/t/adjust.js", headers={"accept-encoding": "identity", "if-none-match": tag})
    assert (plain.status_code, plain.text) == (200, "core " * 100)


def test_a_part_is_kept_for_good_and_the_core_is_asked_for_again(scripts: InProcessClient) -> None:
    assert scripts.get("/t/client.0a1b2c.js").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert scripts.get("/t/adjust.js").headers["cache-control"] == "public, max-age=3600"
    missing = scripts.get("/t/client.ffffff.js")
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


def test_a_rebuilt_tracker_shows_without_a_restart(tmp_path: Path) -> None:
    core = tmp_path / "adjust.js"
    core.write_text("first")
    client = InProcessClient(Starlette(routes=tracker.routes(tmp_path)))
    assert client.get("/t/adjust.js").text == "first"
    core.write_text("second")
    os.utime(core, (1, 1))
    assert client.get("/t/adjust.js").text == "second"
