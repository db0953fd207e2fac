"""Serves rules to the console: lists, checks, changes and tries them (`infra/docs/http-api.md`)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.audit import audit
from infra.gateway.auth.operator import OperatorSession
from infra.gateway.auth.operators import Operator
from infra.gateway.client_address import anonymize_ip
from infra.gateway.console.rule_bodies import RuleBody, RuleProblemsError, read_body, rule_of
from infra.gateway.console.rule_views import as_entry, as_put
from infra.gateway.errors import ApiError
from infra.gateway.request_context import current_request
from infra.gateway.settings import Settings
from infra.kafka.reading import StreamError
from infra.rules import dry_run
from infra.rules.changing import Author, RuleChanger, UnknownRuleError, VersionError
from infra.rules.checking import CheckedRules, check_rules, check_text
from infra.rules.in_force import judge_acks
from infra.rules.listing import list_rules
from infra.rules.proposal_counts import ProposalCounts
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from schemas.rule_history import RuleChange
from schemas.topics import PROPOSALS

MAX_ID_CHARS: Final = 64
COUNT_TIMEOUT_S: Final = 8.0

_encoder: Final = msgspec.json.Encoder()

Answer = Callable[[Request], Awaitable[Any]]


class RuleEndpoints:
    """The endpoints below ``/console/api/rules``. Reading requires the role `read`, changes the role `rules`."""

    def __init__(self, settings: Settings, session: OperatorSession, headers: Mapping[str, str]) -> None:
        self._topics = RuleTopics(settings.kafka, settings.topics_prefix)
        self._session, self._headers = session, dict(headers)
        self._ends: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        one = "/console/api/rules/{id}"
        return [
            Route("/console/api/rules", self._reads(self.get_all)),
            Route("/console/api/rules/check", self._reads(self.check), methods=["POST"]),
            Route("/console/api/rules/dry-run", self._changes(self.begin_dry_run), methods=["POST"]),
            Route(one, self._reads(self.get_one), methods=["GET"]),
            Route(one, self._changes(self.put), methods=["PUT"]),
            Route(one, self._changes(self.delete), methods=["DELETE"]),
            Route(f"{one}/history", self._reads(self.get_history)),
            Route(f"{one}/proposals", self._reads(self.get_proposals)),
            Route(f"{one}/rollback", self._changes(self.roll_back), methods=["POST"]),
        ]

    async def get_all(self, _: Request) -> Any:
        entries = await run_in_threadpool(list_rules, self._topics)
        return {"at_ms": _now_ms(), "rules": [as_entry(each) for each in entries]}

    async def get_one(self, request: Request) -> Any:
        wanted = _rule_id(request)
        for each in await run_in_threadpool(list_rules, self._topics):
            if each.id == wanted:
                return as_entry(each)
        raise UnknownRuleError(f"there is no rule {wanted}")

    async def get_history(self, request: Request) -> Any:
        changes = await run_in_threadpool(self._topics.history, _rule_id(request))
        return {"id": _rule_id(request), "changes": changes[::-1]}

    async def get_proposals(self, request: Request) -> Any:
        given = request.query_params.get("since_ms", "0")
        if not given.isascii() or not given.isdigit() or len(given) > 15:
            raise ApiError(400, "wrong_type", "since_ms: expected milliseconds since 1970", field="since_ms")
        return await run_in_threadpool(self._count, _rule_id(request), int(given))

    async def check(self, request: Request) -> Any:
        body = await read_body(request)
        checked = await run_in_threadpool(_checked, body)
        return {"ok": checked.is_ok, "rules": checked.rules, "problems": checked.problems}

    async def put(self, request: Request) -> Any:
        body = await read_body(request)
        rule = rule_of(await run_in_threadpool(_checked, body), _rule_id(request))
        changer = self._changer(request)
        return await self._write(request, lambda: changer.plan_put([rule], body.bump), body.wait_s, rule.version)

    async def delete(self, request: Request) -> Any:
        body = await read_body(request)
        rule_id, changer = _rule_id(request), self._changer(request)
        return await self._write(request, lambda: changer.plan_delete(rule_id), body.wait_s, None)

    async def roll_back(self, request: Request) -> Any:
        body = await read_body(request)
        rule_id, changer = _rule_id(request), self._changer(request)
        return await self._write(request, lambda: changer.plan_rollback(rule_id, body.to), body.wait_s, None)

    async def begin_dry_run(self, request: Request) -> Any:
        body = await read_body(request)
        rule = rule_of(await run_in_threadpool(_checked, body))
        changer, began_ms = self._changer(request), _now_ms()
        until_ms = began_ms + round(body.minutes * 60_000)
        shadow = await run_in_threadpool(dry_run.begin, changer, rule, until_ms)
        audit("dry-run rule", request.state.operator, rule=shadow.id)
        # Where the gateway stops meanwhile, the rule's own `valid_until` ends it.
        task = asyncio.create_task(self._end_dry_run(changer, shadow.id, (until_ms - _now_ms()) / 1000))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
        return self._json({"id": shadow.id, "began_at_ms": began_ms, "until_ms": until_ms}, 202)

    async def _end_dry_run(self, changer: RuleChanger, rule_id: str, after_s: float) -> None:
        await asyncio.sleep(max(0.0, after_s))
        try:
            await run_in_threadpool(dry_run.end, changer, rule_id)
        except (UnknownRuleError, StreamError):
            # Stopped by hand, or Kafka does not answer: `valid_until` ends it.
            return

    async def _write(
        self, request: Request, plan: Callable[[], list[RuleChange]], wait_s: float, standing: int | None
    ) -> Any:
        """Writes what `plan` gives; `standing` is the version where nothing has to change."""
        change, found = await run_in_threadpool(self._written, plan, wait_s)
        rule_id = _rule_id(request)
        if change is None:
            entry = await self.get_one(request)
            return {"id": rule_id, "version": standing, "state": entry["state"], "missing": [], "refused": None,
                    "acks": entry["acks"]}  # fmt: skip
        audit(f"{change.change} rule", request.state.operator, rule=rule_id, version=change.version or 0)
        return as_put(change, found)

    def _written(self, plan: Callable[[], list[RuleChange]], wait_s: float) -> tuple[RuleChange | None, Any]:
        changes = plan()
        if not changes:
            return None, None
        (change,) = changes
        if not wait_s:
            self._topics.write(changes)
            return change, judge_acks([], change.version)
        with AckWaiter(self._topics) as waiter:
            self._topics.write(changes)
            return change, waiter.wait({change.id: change.version}, wait_s)[change.id]

    def _count(self, rule_id: str, since_ms: int) -> dict[str, Any]:
        counts, deadline_s = ProposalCounts(rule_id), time.monotonic() + COUNT_TIMEOUT_S
        with self._topics.reader(PROPOSALS) as reader:
            partitions = reader.find_partitions()
            reader.assign(reader.offsets_at(since_ms, partitions))
            for record in reader.read_to_end(quiet_s=0.0) if partitions else ():
                counts.add([record])
                if time.monotonic() > deadline_s:
                    break
        return counts.as_json(since_ms)

    def _changer(self, request: Request) -> RuleChanger:
        operator: Operator = request.state.operator
        network = anonymize_ip(current_request().address.partition("/")[0]) or "unknown"
        return RuleChanger(self._topics, Author(operator.name, network, "console"))

    def _reads(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        return self._guarded(self._session.require, answer)

    def _changes(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        return self._guarded(lambda request: self._session.require_change(request, "rules"), answer)

    def _guarded(
        self, require: Callable[[Request], Operator], answer: Answer
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                request.state.operator = require(request)
                found = await answer(request)
            except RuleProblemsError as refusal:
                return self._json({"problem": refusal.detail, "problems": refusal.problems}, 422)
            except ApiError as refusal:
                return self._problem(refusal.status, refusal.detail)
            except VersionError as error:
                return self._problem(409, str(error))
            except UnknownRuleError as error:
                return self._problem(404, str(error))
            except StreamError as error:
                return self._problem(503, str(error))
            return found if isinstance(found, Response) else self._json(found)

        return guarded

    def _json(self, document: Any, status: int = 200) -> Response:
        return Response(_encoder.encode(document), status, headers=self._headers, media_type="application/json")

    def _problem(self, status: int, problem: str) -> Response:
        return self._json({"problem": problem}, status)


def _rule_id(request: Request) -> str:
    return str(request.path_params["id"])[:MAX_ID_CHARS]


def _checked(body: RuleBody) -> CheckedRules:
    return check_text(body.text) if body.text is not None else check_rules([body.rule])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
