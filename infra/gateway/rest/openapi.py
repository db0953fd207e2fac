"""Builds the OpenAPI 3.1 document of the gateway's HTTP API; schemas come from the contracts."""

from typing import Any, Final

import msgspec

from infra.gateway.rest.erasure import Erased
from infra.gateway.rest.export import PersonExport
from infra.gateway.rest.openapi_paths import PATHS, Operation
from infra.gateway.rest.sessions import CommandsView, SessionView
from schemas.commands import AdjustmentCommand
from schemas.content import Content
from schemas.events import Event
from schemas.outcomes import Outcome

_REF: Final = "#/components/schemas/{name}"

_PROBLEMS: Final = {
    400: "The body or a parameter cannot be parsed.",
    401: "The key or token is missing or invalid.",
    403: "The page's origin is not on the list of allowed origins, or the operator lacks the role.",
    404: "Not found.",
    405: "The method is not allowed.",
    408: "The body took too long to arrive.",
    409: "It was accepted before.",
    413: "The body or the batch is too large.",
    415: "The content encoding is not supported.",
    422: "The body is invalid; `field` and `rule` say where and how.",
    426: "The endpoint is a WebSocket.",
    429: "A rate limit was exceeded; see Retry-After.",
    501: "The gateway does not support it.",
    503: "Kafka or Redis does not answer, or the gateway is overloaded; see Retry-After.",
}

_SECURITY: Final = {
    "writeKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Write-Key",
        "description": "A source's write key: public, or secret for its servers.",
    },
    "basic": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password."},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The operator's token or, where noted, the push token of a session.",
    },
}

_ABOUT: Final = (
    "Events in, adjustment commands out. A public write key stands in pages and only permits to send events. A page reads "
    "its own session with the push token from the response to its events, a server the sessions of its source with a server "
    "key. Everything else requires the operator's token "
    "(MICROADJUST_GATEWAY_CONSOLE_TOKEN). Where a browser cannot set headers, keys and tokens may be sent in the body "
    "(`write_key`, `token`), tokens also in the query. Bodies may be sent as text/plain and may be gzipped. "
    "Not described here: the pages below /console, /debug/ and /demo, and their own endpoints."
)


def document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Microadjust gateway", "version": "1.0.0", "description": _ABOUT, "license": _LICENSE},
        "paths": {path: {method: _operation(each) for method, each in of.items()} for path, of in PATHS.items()},
        "components": {"schemas": _schemas(), "securitySchemes": _SECURITY},
    }


_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _operation(each: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": each.name, "summary": each.summary, "tags": [each.tag]}
    if each.about:
        found["description"] = each.about
    if each.parameters:
        found["parameters"] = list(each.parameters)
    if each.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": each.body}}}
    found["responses"] = {
        str(status): {"description": about, **({"content": {kind: {"schema": schema}}} if kind else {})}
        for status, (about, kind, schema) in each.answers.items()
    } | {str(status): _problem(status) for status in each.problems}
    found["security"] = [{name: []} for name in each.security] if each.security else []
    return found


def _problem(status: int) -> dict[str, Any]:
    # The framework itself answers 404 and 405, in plain text.
    kind = "text/plain" if status == 405 else "application/json"
    schema: dict[str, Any] = {"type": "string"} if status == 405 else {"$ref": _REF.format(name="Problem")}
    described: dict[str, Any] = {"description": _PROBLEMS[status], "content": {kind: {"schema": schema}}}
    if status in (429, 503):
        described["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    return described


def _schemas() -> dict[str, Any]:
    _, found = msgspec.json.schema_components(
        [Event, AdjustmentCommand, Content, Outcome, SessionView, CommandsView, Erased, PersonExport], ref_template=_REF
    )
    sent = {**found["Event"], "title": "SentEvent"}
    # The gateway sets the time of receipt; the batch may name the session for all its events.
    sent["required"] = [name for name in sent["required"] if name not in ("received_at_ms", "session_id")]
    text = {"type": "string"}
    return {
        **found,
        "SentEvent": sent,
        "Problem": {
            "type": "object",
            "required": ["error", "rule", "field"],
            "properties": {"error": text, "rule": text, "field": text},
        },
        "RejectedItem": {
            "type": "object",
            "required": ["index", "field", "rule", "detail"],
            "properties": {"index": {"type": "integer", "minimum": 0}, "field": text, "rule": text, "detail": text},
        },
        "Message": {
            "type": "object",
            "description": "A message to a push client. `id`: partition and offset; a client that reconnects sends its last.",
            "required": ["id", "command"],
            "properties": {
                "id": {"type": "string", "pattern": "^[0-9]+-[0-9]+$"},
                "command": {"$ref": _REF.format(name="AdjustmentCommand")},
            },
        },
    }
