"""The demo site, and the built tracker: files of a fixed list, the pages put together from shell and article."""

import html
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.local.home import PROJECT

SITE: Final = PROJECT / "infra" / "demo" / "site"
TRACKER: Final = PROJECT / ".build" / "tracker"
FIRST: Final = "tides"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
}
TRACKER_HEADERS: Final = {
    # A module of another origin is loaded by CORS.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=3600",
}


def component(gateway: GatewayContext) -> Component:
    tracker = Route("/t/{name}", _tracker_file)
    if not gateway.settings.demo:
        return Component([tracker])
    write_key = next(iter(gateway.settings.write_keys), "")

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", FIRST)
        if name in _articles():
            return Response(_page(name, write_key), headers=HEADERS, media_type="text/html")
        files = {path.relative_to(SITE).as_posix(): path for path in SITE.rglob("*") if path.suffix in _TYPES}
        return _answer(files, name, HEADERS)

    return Component([tracker, Route("/demo/", page), Route("/demo/{name:path}", page)])


async def _tracker_file(request: Request) -> Response:
    files = {path.name: path for path in TRACKER.glob("*.js")}
    return _answer(files, request.path_params["name"], TRACKER_HEADERS)


def _articles() -> dict[str, Path]:
    return {path.stem: path for path in (SITE / "articles").glob("*.html")}


def _page(name: str, write_key: str) -> str:
    article = _articles()[name].read_text("utf-8")
    shell = (SITE / "page.html").read_text("utf-8")
    given = {"title": html.escape(name.title()), "write_key": html.escape(write_key), "article": article}
    for key, text in given.items():
        shell = shell.replace("{{" + key + "}}", text)
    return shell


def _answer(known: dict[str, Path], name: str, headers: dict[str, str]) -> Response:
    """One of the known files; a name that is not among them is no path to try."""
    path = known.get(name)
    if path is None:
        return PlainTextResponse("there is no such file", 404, headers=headers)
    return Response(path.read_bytes(), headers=headers, media_type=_TYPES[path.suffix])
