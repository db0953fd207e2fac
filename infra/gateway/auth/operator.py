"""Authenticates the operator by the console token: in a header, in the query or in a page's cookie."""

from collections.abc import Mapping
from hmac import compare_digest

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from infra.gateway.auth.credentials import bearer_token
from infra.gateway.errors import ApiError
from infra.gateway.settings import Settings


def is_operator_token(token: str, settings: Settings) -> bool:
    """Compares in constant time. Where no console token is set nobody is the operator."""
    expected = settings.console_token
    return bool(expected) and compare_digest(token.encode("utf-8", "replace"), expected.encode())


def require_operator(connection: HTTPConnection, settings: Settings) -> None:
    """Raises `ApiError` 401 unless the request carries the operator's token."""
    if not is_operator_token(bearer_token(connection), settings):
        raise _unauthorized()


class OperatorSession:
    """Guards the pages below one path; a page's own requests are recognised by a cookie.

    The cookie's name ends in the port: browsers share cookies between the ports of a host.
    """

    def __init__(self, settings: Settings, path: str) -> None:
        self._settings, self._path = settings, path
        self._cookie = f"microadjust_{path.strip('/')}_{settings.port}"

    def sign_in(self, request: Request, headers: Mapping[str, str]) -> Response | None:
        """Turns a valid `?token=` into the cookie and redirects to the address without it; None without one."""
        if not is_operator_token(request.query_params.get("token", ""), self._settings):
            return None
        response = RedirectResponse(f"{self._path}/", status_code=303, headers=dict(headers))
        response.set_cookie(
            self._cookie, self._settings.console_token, path=self._path, httponly=True, samesite="strict"
        )
        return response

    def is_operator(self, request: HTTPConnection) -> bool:
        """Whether the cookie, the Authorization header or `?token=` carries the operator's token."""
        tokens = (request.cookies.get(self._cookie, ""), bearer_token(request))
        return any(is_operator_token(each, self._settings) for each in tokens)

    def require(self, request: HTTPConnection) -> None:
        """Raises `ApiError` 401 unless the request is the operator's."""
        if not self.is_operator(request):
            raise _unauthorized()


def _unauthorized() -> ApiError:
    detail = "authorization: send the operator's token (MICROADJUST_GATEWAY_CONSOLE_TOKEN) as `Authorization: Bearer`"
    return ApiError(401, "token", detail, field="authorization")
