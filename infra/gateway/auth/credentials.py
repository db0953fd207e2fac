"""Reads tokens and Basic credentials from a request."""

import base64
import binascii

from starlette.requests import HTTPConnection

from infra.gateway.errors import ApiError


def bearer_token(connection: HTTPConnection) -> str:
    """Returns the token of `Authorization: Bearer` or of the query (`?token=`), empty if there is none.

    A browser's WebSocket and EventSource cannot set headers, hence the query.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return connection.query_params.get("token", "")


def basic_user_name(connection: HTTPConnection) -> str | None:
    """Returns the user name of Basic credentials, None for another scheme; raises `ApiError` 401 if they are malformed."""
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user_name, _, _ = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        detail = "authorization: Basic credentials are not Base64; send Base64 of `<write key>:`"
        raise ApiError(401, "write_key", detail, field="authorization") from None
    return user_name
