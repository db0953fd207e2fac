"""Serves the demo site: its files, and pages put together from a shell and an article."""

import html
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.static.files import FolderFiles, page_headers

SITE: Final = Path(__file__).parents[2] / "demo" / "site"
DEFAULT_ARTICLE: Final = "tides"

HEADERS: Final = page_headers(
    "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    cache="no-cache",
    referrer="same-origin",
)


def component(gateway: GatewayContext) -> Component:
    if not gateway.settings.demo:
        return Component()
    write_key = next(iter(gateway.settings.write_keys), "")
    # Not .html: articles and shell are parts of pages.
    files = FolderFiles(SITE, HEADERS, {".css", ".js", ".svg", ".png"})

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", DEFAULT_ARTICLE)
        if name in _articles():
            return Response(_render_page(name, write_key), headers=HEADERS, media_type="text/html")
        return files.response(name) or PlainTextResponse("there is no such file", 404, headers=HEADERS)

    return Component([Route("/demo/", page), Route("/demo/{name:path}", page)])


def _articles() -> dict[str, Path]:
    return {path.stem: path for path in (SITE / "articles").glob("*.html")}


def _render_page(name: str, write_key: str) -> str:
    article = _articles()[name].read_text("utf-8")
    page = (SITE / "page.html").read_text("utf-8")
    values = {"title": html.escape(name.title()), "write_key": html.escape(write_key), "article": article}
    for key, text in values.items():
        page = page.replace("{{" + key + "}}", text)
    return page
