"""What the gateway answers: JSON, and refusals that name field and rule."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response


class Refusal(Exception):
    """A whole request is refused. `rule` is a word for programs, `detail` a sentence for people."""

    def __init__(
        self, status: int, rule: str, detail: str, *, field: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.rule, self.detail, self.field = status, rule, detail, field
        self.retry_after_s = retry_after_s

    def response(self, asked: HTTPConnection | None = None) -> Response:
        """Whoever is refused before all of the body was read has to open a new connection.

        Basic is asked for only where it was tried: at that word browsers show a login of their own.
        """
        headers = {}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(max(1, round(self.retry_after_s + 0.499)))
        if self.status in (408, 413):
            headers["connection"] = "close"
        if self.status == 401:
            tried = "" if asked is None else asked.headers.get("authorization", "")
            basic = tried.lower().startswith("basic ")
            headers["www-authenticate"] = 'Basic realm="write key as user name"' if basic else "Bearer"
        return answer(self.status, {"error": self.detail, "rule": self.rule, "field": self.field}, headers)


def answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, "application/json")
