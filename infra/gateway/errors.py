"""Defines the error that an endpoint answers a whole request with."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from infra.gateway.responses import json_response


class ApiError(Exception):
    """Rejects a whole request. `rule` is a word for programs, `detail` a sentence for people, `field` what to fix."""

    def __init__(
        self, status: int, rule: str, detail: str, *, field: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.rule, self.detail, self.field = status, rule, detail, field
        self.retry_after_s = retry_after_s

    def response(self, request: HTTPConnection | None = None) -> Response:
        """Builds the JSON answer. 408 and 413 close the connection: the rest of the body has not been read.

        A 401 asks for Basic credentials only where the client tried them: browsers open a login dialog at that word.
        """
        headers = {}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(max(1, round(self.retry_after_s + 0.499)))
        if self.status in (408, 413):
            headers["connection"] = "close"
        if self.status == 401:
            authorization = "" if request is None else request.headers.get("authorization", "")
            is_basic = authorization.lower().startswith("basic ")
            headers["www-authenticate"] = 'Basic realm="write key as user name"' if is_basic else "Bearer"
        return json_response(self.status, {"error": self.detail, "rule": self.rule, "field": self.field}, headers)
