"""The gateway's HTTP interface as an OpenAPI 3.1 document; schemas come from the contracts."""

from typing import Any, Final

import msgspec

from infra.gateway.rest.erasure import Erased
from infra.gateway.rest.openapi_paths import PATHS, Operation
from infra.gateway.rest.sessions import CommandsView, SessionView
from schemas.commands import AdjustmentCommand
from schemas.events import Event
from schemas.outcomes import Outcome

_REF: Final = "#/components/schemas/{name}"

_PROBLEMS: Final = {
    400: "The body or a parameter cannot be read.",
    401: "No key or token, or one that opens nothing.",
    403: "The page's origin is not on the list of allowed origins.",
    404: "There is no such thing.",
    405: "Not with this method.",
    408: "The body took too long to arrive.",
    409: "This has been accepted before.",
    413: "Too large.",
    415: "Not with this content encoding.",
    422: "Field and rule say what is wrong.",
    426: "Only as a WebSocket.",
    429: "Too much at once; see Retry-After.",
    501: "This gateway cannot do that.",
    503: "Kafka or Redis does not answer, or too much is under way; see Retry-After.",
}

_SECURITY: Final = {
    "writeKey": {"type": "apiKey", "in": "header", "name": "X-Write-Key", "description": "A source's write key."},
    "basic": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password."},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The operator's token, or, where it says so, the push token of a session.",
    },
}

_ABOUT: Final = (
    "Events in, adjustment commands out. Write keys stand in public pages and only let events in; a page reads its own "
    "session with the push token that comes with the answer to its events; everything else asks for the operator's token "
    "(MICROADJUST_GATEWAY_CONSOLE_TOKEN). Keys and tokens may also stand in the body (`write_key`, `token`) or, for tokens, "
    "in the query, where a browser cannot set headers. Bodies may be sent as text/plain and may be gzipped. "
    "Not described here: the pages below /console, /debug/ and /demo, and what they alone ask for."
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
        [Event, AdjustmentCommand, Outcome, SessionView, CommandsView, Erased], ref_template=_REF
    )
    sent = {**found["Event"], "title": "SentEvent"}
    # The gateway's own clock says when it was received; the batch may name the session for all.
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
            "description": "What a client of push hears. `id` is partition and offset; a client that comes back names the last.",
            "required": ["id", "command"],
            "properties": {
                "id": {"type": "string", "pattern": "^[0-9]+-[0-9]+$"},
                "command": {"$ref": _REF.format(name="AdjustmentCommand")},
            },
        },
    }
