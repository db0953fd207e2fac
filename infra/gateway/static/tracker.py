"""Serves the built tracker that customers' pages load: /t/adjust.js, and the parts that it asks for by versioned names."""

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from infra.gateway.components import Component, GatewayContext
from infra.gateway.static.compressed import CompressedScript

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

VERSIONED: Final = re.compile(r"\w+\.[0-9a-f]{6,}\.js")
"""Names of files whose content never changes: the name holds a hash of it."""

IMMUTABLE: Final = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
MISSING: Final = {**HEADERS, "cache-control": "no-store"}
"""While a new version is rolled out, one gateway may be asked for a part that only the next one has."""


def tracker_folder(packaged: Path = PACKAGED, built: Path = BUILT) -> Path:
    """The packaged build, else that of the checkout."""
    return packaged if (packaged / "adjust.js").is_file() else built


class TrackerFiles:
    """The scripts of a build, read once. A rebuild shows when the core has changed: then all are read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built_ns: int | None = None
        self._scripts: dict[str, CompressedScript] = {}

    def scripts(self) -> dict[str, CompressedScript]:
        try:
            built_ns = (self._folder / "adjust.js").stat().st_mtime_ns
        except OSError:
            return {}
        if built_ns != self._built_ns:
            paths = [path for path in self._folder.glob("*.js") if path.is_file()]
            self._scripts = {path.name: CompressedScript.read(path) for path in paths}
            self._built_ns = built_ns
        return self._scripts


def routes(folder: Path) -> list[Route]:
    files = TrackerFiles(folder)
    files.scripts()

    async def tracker_file(request: Request) -> Response:
        name = request.path_params["name"]
        script = files.scripts().get(name)
        if script is None:
            return PlainTextResponse("there is no such file", 404, headers=MISSING)
        return script.response(request.headers, IMMUTABLE if VERSIONED.fullmatch(name) else HEADERS)

    return [Route("/t/{name}", tracker_file)]


def component(_: GatewayContext) -> Component:
    return Component(routes(tracker_folder()))
