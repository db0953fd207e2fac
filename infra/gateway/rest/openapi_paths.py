"""Declares the public endpoints for the OpenAPI document: parameters, bodies, responses and authentication."""

from dataclasses import dataclass
from typing import Any, Final

Schema = dict[str, Any]
Answer = tuple[str, str, Schema]
"""Meaning, content type, schema."""

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    tag: str
    summary: str
    answers: dict[int, Answer]
    problems: tuple[int, ...]
    security: tuple[str, ...] = ()
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    about: str = ""


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(of: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": of, **({"maxItems": most} if most is not None else {})}


def _parameter(name: str, place: str, schema: Schema, about: str, required: bool = False) -> Schema:
    return {
        "name": name, "in": place, "required": required or place == "path", "schema": schema, "description": about,
    }  # fmt: skip


TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 64}
ID_SENT: Final[Schema] = {"type": ["string", "number"], "minLength": 1, "maxLength": 64}
"""In a body, where a number is read as the text it is written as."""

MILLIS: Final[Schema] = {"type": "integer"}
ANYTHING: Final[Schema] = {}

_WRITERS: Final = ("writeKey", "basic")
_BODY_ERRORS: Final = (400, 401, 403, 408, 413, 415, 422, 429, 503)
"""Error statuses of every endpoint with a body."""

_TAKEN: Final = {"accepted": COUNT, "duplicates": COUNT, "rejected": _list(_ref("RejectedItem"), 100)}
_TOKEN: Final = {"push_token": TEXT, "push_token_expires_at_ms": MILLIS}

_SENT_AT_MS: Final[Schema] = {
    "type": ["number", "null"], "minimum": -(2**53) + 1, "maximum": 2**53 - 1,
    "description": "The sender's clock at the time of sending; corrects `occurred_at_ms`.",
}  # fmt: skip

_EVENTS: Final = Operation(
    "sendEvents", "collector", "Send a batch of events", {
        202: ("Kafka has every event that is not in `rejected`; each is validated alone. There is a push token if all events "
              "are of one session that this sender began, and `session_id` if the session has another id than was sent.",
              JSON, _object(("accepted", "duplicates", "rejected"), **_TAKEN, **_TOKEN, session_id=TEXT)),
    }, _BODY_ERRORS, _WRITERS,
    body=_object(
        ("events",),
        write_key={"description": "Instead of the header."},
        sent_at_ms=_SENT_AT_MS,
        session_id={"description": "For events without a session_id."},
        token={"description": "An earlier push token of the session, to get a newer one."},
        events=_list({"anyOf": [_ref("SentEvent"), ANYTHING], "description": "Each item is validated alone."}, 2_500),
    ),
)  # fmt: skip


def _segment(call: str, body: Schema, name: str = "") -> Operation:
    """`name` is another name of the call in one of Segment's libraries."""
    about = f", under the name that some of its libraries use: {name}" if name else ""
    return Operation(
        f"segment{(name or call).title()}", "segment", f"Segment's {call}{about}", {
            200: ("As Segment answers; `rejected` lists the rejected messages.", JSON,
                  _object(("success", "accepted", "duplicates", "rejected"), success={"type": "boolean"}, **_TAKEN)),
            400: ("Not JSON, too large, or every message was rejected.", JSON,
                  {"anyOf": [_ref("Problem"), _object(("success", "rejected"), success={"type": "boolean"}, **_TAKEN)]}),
        }, tuple(each for each in _BODY_ERRORS if each != 400), _WRITERS, body=body,
    )  # fmt: skip


_NAME: Final[Schema] = {
    "anyOf": [
        {"type": "string", "pattern": r"[^\s0]"},
        {"type": "number", "exclusiveMinimum": 0},
    ]
}
"""Ids that name somebody: a sender's mistakes do not."""
_SOMETHING: Final[Schema] = {"not": {"enum": [None, "", [], {}]}}
_CALLS: Final = ("track", "identify", "page", "screen", "group", "alias")
_SHORT: Final = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}
_NEEDED: Final = {"track": "event", "group": "groupId", "alias": "previousId"}


def _message(call: str) -> Schema:
    """Segment's message. Other fields (messageId, timestamp, sentAt, context …) are optional and not declared."""
    needed = (_NEEDED[call],) if call in _NEEDED else ()
    who = [{"required": [name], "properties": {name: _NAME}} for name in ("userId", "anonymousId")]
    fields = {"userId": ANYTHING, "anonymousId": ANYTHING, **{name: _SOMETHING for name in needed}}
    return {**_object(needed, **fields), "anyOf": who}


def _call(call: str) -> Schema:
    message = _message(call)
    return {**message, "required": ["type", *message["required"]], "properties": {
        "type": {"const": call}, **message["properties"]}}  # fmt: skip


_BATCH: Final[Schema] = {
    "type": "array",
    "maxItems": 2_500,
    "anyOf": [{"maxItems": 0}, {"contains": {"anyOf": [_call(each) for each in _CALLS]}}],
    "description": "Each is validated alone; 400 if every one is rejected.",
}

_WEBHOOK: Final = Operation(
    "receiveWebhook", "collector", "Receive a signed webhook", {
        200: ("Accepted, or a duplicate; or erased, if Segment asks for that.", JSON, {"type": "object"}),
        400: ("Not JSON, or every event was rejected.", JSON, {"type": "object"}),
    }, (401, 403, 404, 408, 413, 415, 429, 503),
    parameters=(_parameter("source", "path", TEXT, "Name of the source in MICROADJUST_WEBHOOK_SECRETS."),),
    body={"type": "object"},
    about="Standard Webhooks, Segment's X-Signature or Pendo's X-Pendo-Signature over the raw body.",
)  # fmt: skip

_LISTEN: Final = (
    _parameter("token", "query", TEXT, "Instead of the header."),
    _parameter("last_id", "query", {"type": "string", "pattern": r"^[0-9]{1,19}-[0-9]{1,19}(,[0-9]{1,19}-[0-9]{1,19})*$"},
               "Last id received, one per partition. Later commands are sent first."),
)  # fmt: skip
_SESSION_QUERY: Final = _parameter("session_id", "query", ID, "Session whose commands to receive.", required=True)


def _socket(name: str, summary: str, parameters: tuple[Schema, ...]) -> Operation:
    return Operation(
        name, "push", summary, {101: ("Switches to WebSocket; each message is a `Message`.", "", {})}, (400, 401, 403, 426, 503),
        ("bearer",), parameters, about="Origin and token are checked before the handshake.",
    )  # fmt: skip


_EVENT_STREAM: Final = Operation(
    "listenByEvents", "push", "Receive the commands for a session as server-sent events",
    {200: ("Each event's data is a `Message`.", "text/event-stream", TEXT)}, (400, 401, 403, 503), ("bearer",),
    (_SESSION_QUERY, *_LISTEN),
)  # fmt: skip

_SESSION: Final = _parameter("session_id", "path", ID, "Id of the session.")
CONTENT_ID: Final = _parameter(
    "content_id", "path", {"type": "string", "minLength": 1, "maxLength": 256}, "The events' content_id."
)
_OPERATOR_OR_PAGE: Final = (
    "Requires the operator's token, the push token of this session (header, or `token` in the query), or a server key of its "
    "source. `session_id` may be the secret id that the session's client made up."
)
_READ: Final = (401, 403, 404, 422, 429, 503)

_FEEDBACK: Final[Schema] = {
    **_object(
        ("session_id",),
        session_id=ID_SENT,
        rating={"description": "1 to 5."},
        text={"description": "At most 10,000 characters are kept."},
        **{
            name: {"description": "As in an event; what does not fit is converted, cut or left out."}
            for name in ("content_id", "content_type", "page_url", "element", "user_id", "properties")
        },
        event_id={"type": ["string", "number", "null"], "minLength": 1},
        write_key={"description": "Instead of the header."},
        token={"description": "The session's push token, instead of a write key."},
    ),
    "anyOf": [
        {
            "required": ["rating"],
            "properties": {
                "rating": {
                    "anyOf": [
                        {"type": "number", "minimum": 1, "maximum": 5},
                        {"type": "string", "pattern": r"^([1-4](\.[0-9]{1,9})?|5)$"},
                    ]
                }
            },
        },
        {"required": ["text"], "properties": {"text": {"not": {"type": "null"}}}},
    ],
}

PATHS: Final[dict[str, dict[str, Operation]]] = {
    "/v1/events": {"post": _EVENTS},
    **{f"/v1/{call}": {"post": _segment(call, _message(call))} for call in _CALLS},
    **{f"/v1/{name}": {"post": _segment(call, _message(call), name)} for name, call in _SHORT.items()},
    **{f"/v1/{name}": {"post": _segment("batch", _object(("batch",), batch=_BATCH), name)} for name in ("b", "import")},
    "/v1/batch": {"post": _segment("batch", _object(("batch",), batch=_BATCH))},
    "/v1/webhooks/{source}": {"post": _WEBHOOK},
    "/v1/push": {"get": _socket("listen", "Receive the commands for a session", (_SESSION_QUERY, *_LISTEN))},
    "/v1/push/all": {"get": _socket("listenToAll", "Receive all commands, as a CMS", _LISTEN)},
    "/v1/push/events": {"get": _EVENT_STREAM},
    "/v1/push-token": {"post": Operation(
        "mintPushToken", "push", "Get a push token for a session",
        {200: ("The token, and `session_id` if the session has another id than was sent.", JSON,
               _object(tuple(_TOKEN), **_TOKEN, session_id=TEXT))}, _BODY_ERRORS, _WRITERS,
        body=_object(("session_id",), session_id=ID_SENT, write_key={"description": "Instead of the header."},
                     token={"description": "An earlier push token of the session."}),
        about="For who begins the session, who proves to have begun it (by a secret id or an earlier token), and servers of "
              "its source. Others get 403.",
    )},
    "/v1/sessions/{session_id}": {"get": Operation(
        "getSession", "state", "Get the state of a session",
        {200: ("The state; defaults if nothing is known or Redis does not answer.", JSON, _ref("SessionView"))},
        _READ, ("bearer", *_WRITERS), (_SESSION,), about=_OPERATOR_OR_PAGE,
    )},
    "/v1/sessions/{session_id}/adjustments": {"get": Operation(
        "getSessionAdjustments", "state", "Get the commands in force for a session",
        {200: ("Newest first.", JSON, _ref("CommandsView"))}, _READ, ("bearer", *_WRITERS), (_SESSION,), about=_OPERATOR_OR_PAGE,
    )},
    "/v1/targets/{kind}/{target_id}/adjustments": {"get": Operation(
        "getTargetAdjustments", "state", "Get the commands in force for a content item or a segment",
        {200: ("Newest first.", JSON, _ref("CommandsView"))}, _READ, ("bearer",),
        (_parameter("kind", "path", {"type": "string", "enum": ["content", "segment"]}, "Kind of the target."),
         _parameter("target_id", "path", {"type": "string", "minLength": 1}, "Id of the target.")),
    )},
    "/v1/sessions/query": {"post": Operation(
        "querySessions", "state", "Get up to a hundred sessions at once",
        {200: ("The states, in the order of session_ids.", JSON, _object(
            ("sessions", "degraded"), sessions=_list(_ref("SessionView")), degraded={"type": "boolean"}))},
        _BODY_ERRORS, ("bearer",), body=_object(("session_ids",), session_ids=_list(ID, 100)),
    )},
    "/v1/feedback": {"post": Operation(
        "sendFeedback", "collector", "Send a rating or a comment",
        {202: ("Kafka has it as an event of type feedback.", JSON, _object(
            ("event_id", "accepted", "duplicates"), event_id=TEXT, accepted=COUNT, duplicates=COUNT))},
        _BODY_ERRORS, (*_WRITERS, "bearer"), body=_FEEDBACK,
    )},
    "/v1/outcomes": {"post": Operation(
        "sendOutcomes", "collector", "Send outcomes of commands",
        {202: ("Kafka has every outcome that is not in `rejected`; each is validated alone.", JSON, _object(
            ("accepted", "rejected"), accepted=COUNT, rejected=_list(_ref("RejectedItem"))))},
        _BODY_ERRORS, (*_WRITERS, "bearer"),
        body=_object(
            ("outcomes",), outcomes=_list({"anyOf": [_ref("Outcome"), ANYTHING]}, 500),
            sent_at_ms=_SENT_AT_MS,
            write_key={"description": "Instead of the header."},
            token={"description": "A session's push token, instead of a write key or beside it, for outcomes of that session."},
        ),
        about="A public key writes outcomes of sessions whose secret id or push token it shows, a server key those of its "
              "source, the operator those of all.",
    )},
    "/v1/content": {"post": Operation(
        "putContents", "content", "Describe up to 500 content items",
        {202: ("Kafka has every item that is not in `rejected`; each is validated alone, and all its faults are told.", JSON,
               _object(("accepted", "rejected"), accepted=COUNT, rejected=_list(_ref("RejectedItem"))))},
        _BODY_ERRORS, _WRITERS, body=_list({"anyOf": [_ref("Content"), ANYTHING]}, 500),
        about="Requires a server key with the scope `content`. Instead of an array, a body may hold one item a line; `index` is "
              "the line then, counted from 0.",
    )},
    "/v1/content/{content_id}": {
        "put": Operation(
            "putContent", "content", "Describe a content item",
            {202: ("Kafka has it.", JSON, _object(("content_id",), content_id=TEXT)),
             422: ("The item is invalid; `problems` lists all that is wrong with it.", JSON, {"allOf": [_ref("Problem"), _object(
                 (), problems=_list(_object(("field", "rule", "detail"), field=TEXT, rule=TEXT, detail=TEXT), 20))]})},
            (400, 401, 403, 404, 408, 413, 415, 429, 503), _WRITERS, (CONTENT_ID,),
            body={"type": "object", "description": "As `Content`; content_id may be left out."},
            about="Requires a server key with the scope `content`. Replaces what was known of the item. Fields that the contract "
                  "does not know are kept.",
        ),
        "get": Operation(
            "getContent", "content", "Get what is known of a content item", {200: ("As it was put.", JSON, _ref("Content"))},
            (401, 403, 404, 422, 429, 503), _WRITERS, (CONTENT_ID,), about="Requires a server key with the scope `content`.",
        ),
        "delete": Operation(
            "deleteContent", "content", "Forget a content item",
            {202: ("Kafka has the deletion; also where there was no such item.", JSON,
                   _object(("content_id", "deleted"), content_id=TEXT, deleted=FLAG))},
            (401, 403, 404, 422, 429, 503), _WRITERS, (CONTENT_ID,), about="Requires a server key with the scope `content`.",
        ),
    },
    "/v1/people/{user_id}": {"delete": Operation(
        "erasePerson", "people", "Erase a person's data",
        {200: ("Erased; `remaining` lists the topics that keep records until their retention ends.", JSON, _ref("Erased"))},
        (401, 403, 404, 422, 429, 503), ("bearer",),
        (_parameter("user_id", "path", {"type": "string", "minLength": 1}, "The user_id as it was sent with events."),),
    )},
    "/v1/people/{user_id}/export": {"get": Operation(
        "exportPerson", "people", "Export what is held of a person",
        {200: ("Redis, session-state.v1, the records of topics, and this gateway's memory. `not_exported` lists the topics "
               "whose records of erased sessions are left out.", JSON, _ref("PersonExport"))},
        (401, 403, 404, 422, 429, 503), ("bearer",),
        (_parameter("user_id", "path", {"type": "string", "minLength": 1}, "The user_id as it was sent with events."),),
    )},
    "/health": {"get": Operation(
        "getHealth", "operation", "Check whether Kafka and Redis answer",
        {200: ("Events are accepted; without Redis the state is degraded.", JSON, {"type": "object"}),
         503: ("Events are not accepted: Kafka does not answer.", JSON, {"type": "object"})}, (),
    )},
    "/live": {"get": Operation(
        "getLive", "operation", "Check whether the process has to be restarted",
        {200: ("All its parts run.", JSON, _object(("live", "dead"), live=FLAG, dead=_list(TEXT))),
         503: ("A part has died; `dead` names it.", JSON, {"type": "object"})}, (),
    )},
    "/ready": {"get": Operation(
        "getReady", "operation", "Check whether to send requests here",
        {200: ("Kafka was reached, and the process has not been asked to stop.", JSON, _object(("ready",), ready=FLAG)),
         503: ("Starting or stopping; `why` says which.", JSON, {"type": "object"})}, (),
    )},
    "/metrics": {"get": Operation(
        "getMetrics", "operation", "Get metrics for Prometheus, unless they have a port of their own",
        {200: ("Prometheus' text format.", "text/plain", TEXT)}, (),
    )},
    "/openapi.json": {"get": Operation(
        "getOpenapi", "operation", "Get this document", {200: ("OpenAPI 3.1.", JSON, {"type": "object"})}, (),
    )},
}  # fmt: skip
