"""Serves models, segments and drift to the console (`infra/docs/http-api.md`)."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.console.drift import describe_drift
from infra.gateway.console.recent_rows import RecentRows
from infra.gateway.console.segments import describe_segments
from infra.gateway.console.shadow import beside_live
from infra.gateway.errors import ApiError
from infra.gateway.settings import Settings
from infra.gateway.static.files import page_headers
from infra.learning.listing import Acks, describe_versions, list_models
from infra.learning.models_topic import AnnouncedCard, announced_cards
from infra.rules.rule_topics import RuleTopics
from models.model_store import ModelError
from models.model_versions import REPORT, ModelVersions
from models.store_addresses import shown_address
from schemas.topics import MODELS

MAX_ID_CHARS: Final = 80
MAX_VERSION_CHARS: Final = 9

REPORT_HEADERS: Final = page_headers(
    # A report is a file that a training wrote: it is shown, and can do nothing.
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
) | {"x-frame-options": "DENY"}

_encoder: Final = msgspec.json.Encoder()

Endpoint = Callable[[Request], Awaitable[Response]]


class LearningEndpoints:
    """The endpoints that show what was learnt. All of them read; the console guards them by the role `read`."""

    def __init__(self, settings: Settings, headers: Mapping[str, str]) -> None:
        self._settings, self._headers = settings, dict(headers)
        self._topics = RuleTopics(settings.kafka, settings.topics_prefix)
        self._rows = RecentRows(settings)

    def routes(self, guarded: Callable[[Endpoint], Endpoint]) -> list[Route]:
        one = "/console/api/models/{id}"
        return [
            Route("/console/api/models", guarded(self.get_models)),
            Route(one, guarded(self.get_model)),
            Route(one + "/versions/{version}/report", guarded(self.get_report)),
            Route("/console/api/segments", guarded(self.get_segments)),
            Route("/console/api/drift", guarded(self.get_drift)),
        ]

    async def get_models(self, _: Request) -> Response:
        return self._json(await run_in_threadpool(self._models))

    async def get_model(self, request: Request) -> Response:
        """Describes one model with the versions of the store, newest first."""
        name = str(request.path_params["id"])[:MAX_ID_CHARS]
        return self._json(await run_in_threadpool(self._model, name))

    async def get_report(self, request: Request) -> Response:
        """Shows the report of a version, as its training wrote it."""
        name = str(request.path_params["id"])[:MAX_ID_CHARS]
        version = _version_of(request)
        page = await run_in_threadpool(self._report, name, version)
        return Response(page, headers=REPORT_HEADERS, media_type="text/html")

    async def get_segments(self, _: Request) -> Response:
        return self._json(await run_in_threadpool(describe_segments, self._settings, self._rows))

    async def get_drift(self, _: Request) -> Response:
        return self._json(await run_in_threadpool(describe_drift, self._settings))

    def _models(self) -> dict[str, Any]:
        store, problem = self._store()
        announced, acks = self._told()
        try:
            found = list_models(store, announced, acks)
        except (ModelError, OSError) as error:
            found, problem = list_models(None, announced, acks), str(error)
        return {
            "at_ms": time.time_ns() // 1_000_000,
            "store": {"location": shown_address(self._settings.models) or None, "problem": problem},
            "models": found,
        }

    def _model(self, name: str) -> dict[str, Any]:
        found = self._models()
        for entry in found["models"]:
            if entry.id == name:
                break
        else:
            known = ", ".join(each.id for each in found["models"])
            raise ApiError(404, "unknown", f"id: there is no model {name}; there are {known}", field="id")
        store, problem = self._store()
        versions = []
        if store is not None and entry.versions:
            try:
                announced = (each.version for each in (entry.live, entry.shadow) if each is not None)
                versions = describe_versions(store, name, (*announced, entry.promoted))
            except (ModelError, OSError) as error:
                problem = str(error)
        return {
            **msgspec.to_builtins(entry),
            "store": {**found["store"], "problem": problem or found["store"]["problem"]},
            "described": versions,
            "beside": None
            if entry.shadow is None
            else beside_live(self._settings, self._rows, entry.kind, entry.segment),
        }

    def _report(self, name: str, version: int) -> bytes:
        store, problem = self._store()
        if store is None:
            raise ApiError(404, "unknown", problem or "store: none is set; set MICROADJUST_MODELS", field="store")
        try:
            page = store.read(name, version, REPORT)
        except (ModelError, OSError) as error:
            raise ApiError(404, "unknown", f"version: {error}", field="version") from None
        if page is None:
            text = f"version: {name} version {version} has no {REPORT}; train it with `microadjust models train {name}`"
            raise ApiError(404, "unknown", text, field="version")
        return page

    def _store(self) -> tuple[ModelVersions | None, str | None]:
        if not self._settings.models:
            return None, None
        try:
            return ModelVersions.at(self._settings.models), None
        except ModelError as error:
            return None, str(error)

    def _told(self) -> tuple[dict[str, AnnouncedCard], Acks]:
        return announced_cards(self._settings.kafka, self._settings.topic(MODELS.name)), self._topics.acks("model")

    def _json(self, document: Any) -> Response:
        return Response(_encoder.encode(document), headers=self._headers, media_type="application/json")


def _version_of(request: Request) -> int:
    given = str(request.path_params["version"])
    if not given.isascii() or not given.isdigit() or len(given) > MAX_VERSION_CHARS:
        raise ApiError(400, "wrong_type", "version: expected the number of a version", field="version")
    return int(given)
