"""Authenticates operators by a token in a header or in the query of a read, or by a page's cookie, and limits guesses."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from infra.gateway import metrics
from infra.gateway.audit import audit
from infra.gateway.auth.credentials import bearer_token
from infra.gateway.auth.operator_sessions import SESSION_MS, operator_of_session, sign_session
from infra.gateway.auth.operators import Operator, Operators
from infra.gateway.auth.push_tokens import looks_like_push_token
from infra.gateway.clock import now_ms
from infra.gateway.errors import ApiError
from infra.gateway.ingest.limits import TokenBuckets
from infra.gateway.request_context import current_request
from infra.gateway.settings import Settings

GUESSES_PER_S: Final = 0.2
GUESSES_BURST: Final = 20
"""Wrong tokens of one address; then its tokens are not looked at until it has waited."""


class OperatorAuthentication:
    """Finds the operator of a token; one for the whole gateway, so that all endpoints count the same guesses."""

    def __init__(self, settings: Settings) -> None:
        self.operators = Operators(settings)
        self._guesses = TokenBuckets(GUESSES_PER_S, GUESSES_BURST)

    def find(self, token: str) -> Operator | None:
        """Returns the operator of a token, None for a wrong one; raises `ApiError` 429 after too many wrong ones."""
        if not token or looks_like_push_token(token):
            # A page whose token has expired guesses nothing.
            return None
        address = current_request().address
        if wait_s := self._guesses.wait_s(address, 0):
            metrics.UNAUTHORIZED.labels("guesses").inc()
            raise ApiError(429, "too_many", "too many wrong tokens from this address", retry_after_s=wait_s)
        operator = self.operators.find(token)
        if operator is None:
            metrics.UNAUTHORIZED.labels("token").inc()
            self._guesses.spend(address, 1)
            # Every one that is looked at, which the limit bounds.
            audit("sign in", outcome="wrong token")
        return operator


def authentication_of(connection: HTTPConnection) -> OperatorAuthentication:
    found: Any = connection.app.state.operator_authentication
    assert isinstance(found, OperatorAuthentication)
    return found


def require_operator(connection: HTTPConnection, settings: Settings, role: str = "read") -> Operator:
    """Returns the operator of the request's token; raises `ApiError` 401 without a valid one, 403 without the role.

    Of a request that changes something only the header counts: addresses are logged by proxies.
    """
    is_read = connection.scope.get("method", "GET") in ("GET", "HEAD")
    in_header = "authorization" in connection.headers
    operator = authentication_of(connection).find(bearer_token(connection) if is_read or in_header else "")
    return _with_role(operator, role)


class OperatorSession:
    """Guards the pages below one path; a page's own requests are recognised by a cookie.

    The cookie's name ends in the port: browsers share cookies between the ports of a host.
    """

    def __init__(self, settings: Settings, path: str) -> None:
        self._settings, self._path = settings, path
        self._cookie = f"microadjust_{path.strip('/')}_{settings.port}"

    def sign_in(self, request: Request, headers: Mapping[str, str]) -> Response | None:
        """Turns a valid `?token=` into the cookie and redirects to the address without it; None without one."""
        try:
            operator = authentication_of(request).find(request.query_params.get("token", ""))
        except ApiError as refusal:
            return refusal.response(request)
        if operator is None:
            return None
        audit("sign in", operator, page=self._path)
        response = RedirectResponse(f"{self._path}/", status_code=303, headers=dict(headers))
        response.set_cookie(
            self._cookie,
            sign_session(operator, now_ms() + SESSION_MS, self._settings.token_secrets),
            max_age=SESSION_MS // 1000,
            path=self._path,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    def require(self, request: HTTPConnection) -> Operator:
        """Returns the operator of cookie or token; raises `ApiError` 401 without one, 403 without the role `read`."""
        operator = self._of_cookie(request)
        return _with_role(operator, "read") if operator is not None else require_operator(request, self._settings)

    def require_change(self, request: HTTPConnection, role: str) -> Operator:
        """Returns the operator of a request that changes something; raises `ApiError` 401 without one, 403 without the role.

        The cookie counts only where the browser says that a page of the gateway itself has sent the request.
        """
        operator = self._of_cookie(request) if is_same_origin(request) else None
        return _with_role(operator, role) if operator is not None else require_operator(request, self._settings, role)

    def _of_cookie(self, request: HTTPConnection) -> Operator | None:
        cookie = request.cookies.get(self._cookie, "")
        operators = authentication_of(request).operators
        return operator_of_session(cookie, operators, self._settings.token_secrets, now_ms())


def is_same_origin(request: HTTPConnection) -> bool:
    """Whether a browser sent the request from a page of this gateway; browsers that do not say so tell their page's origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    _, _, host = request.headers.get("origin", "").partition("://")
    return bool(host) and host == request.headers.get("host")


def _with_role(operator: Operator | None, role: str) -> Operator:
    if operator is None:
        detail = (
            "authorization: send the operator's token (MICROADJUST_GATEWAY_CONSOLE_TOKEN) as `Authorization: Bearer`"
        )
        raise ApiError(401, "token", detail, field="authorization")
    if role not in operator.roles:
        metrics.UNAUTHORIZED.labels("role").inc()
        audit("lacks a role", operator, outcome="refused", role=role)
        raise ApiError(403, "role", f"authorization: this operator lacks the role {role}", field="authorization")
    return operator
