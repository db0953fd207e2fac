"""Reads the bodies of requests about rules."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request

from infra.gateway.errors import ApiError
from infra.rules.checking import CheckedRules, RuleProblem
from schemas.rules import Rule
from schemas.unreadable import UNREADABLE

MAX_BODY_BYTES: Final = 1_048_576


class RuleBody(Struct, forbid_unknown_fields=True):
    """The rule as `text` or as a JSON object, and how to put it."""

    text: str | None = None
    rule: Any = None
    bump: bool = False
    wait_s: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0
    to: int | None = None
    minutes: Annotated[float, Meta(ge=0.05, le=60.0)] = 5.0


class RuleProblemsError(ApiError):
    """The text holds no usable rule."""

    def __init__(self, problems: list[RuleProblem]) -> None:
        super().__init__(422, "rule", "; ".join(each.problem for each in problems) or "the text holds no rule")
        self.problems = problems


async def read_body(request: Request) -> RuleBody:
    """Reads a JSON body; an empty one is `{}`. Raises `ApiError`."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > MAX_BODY_BYTES:
            raise ApiError(413, "too_large", f"the body is longer than {MAX_BODY_BYTES} bytes")
    if not received:
        return RuleBody()
    # A form of another site can send no JSON without asking first.
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise ApiError(415, "content_type", "content-type: send application/json", field="content-type")
    try:
        return msgspec.json.decode(bytes(received), type=RuleBody)
    except UNREADABLE as error:
        raise ApiError(400, "malformed", f"the body: {error}") from None


def rule_of(checked: CheckedRules, rule_id: str | None = None) -> Rule:
    """Returns the one rule of a text, which must have that id. Raises `ApiError` 422."""
    if checked.problems:
        raise RuleProblemsError(checked.problems)
    if len(checked.rules) != 1:
        raise RuleProblemsError([RuleProblem(None, f"give one rule; the text holds {len(checked.rules)}")])
    (rule,) = checked.rules
    if rule_id is not None and rule.id != rule_id:
        raise RuleProblemsError([RuleProblem(rule.id, f"rule {rule.id}: id: the address names {rule_id}")])
    return rule
