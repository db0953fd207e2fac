"""Serves the built tracker that customers' pages load: /t/adjust.js and the modules beside it."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.static.files import FolderFiles

_INFRA: Final = Path(__file__).parents[2]
PACKAGED: Final = _INFRA / "tracker" / "dist"
"""Package data of an installed microadjust."""

BUILT: Final = _INFRA.parent / ".build" / "tracker"
"""Output of `make setup` in a checkout."""

HEADERS: Final = {
    # A module of another origin is loaded by CORS.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=3600",
}


def tracker_folder(packaged: Path = PACKAGED, built: Path = BUILT) -> Path:
    """The packaged build, else that of the checkout."""
    return packaged if (packaged / "adjust.js").is_file() else built


def routes(folder: Path) -> list[Route]:
    files = FolderFiles(folder, HEADERS, {".js"}, with_subfolders=False)

    async def tracker_file(request: Request) -> Response:
        found = files.response(request.path_params["name"])
        return found or PlainTextResponse("there is no such file", 404, headers=HEADERS)

    return [Route("/t/{name}", tracker_file)]


def component(_: GatewayContext) -> Component:
    return Component(routes(tracker_folder()))
