"""Each kind of webhook through the whole application: accepted once with any of its secrets, otherwise rejected."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any

import pytest
from standardwebhooks import Webhook as OfficialWebhook

from infra.gateway.clock import now_ms
from infra.gateway.ingest.webhooks.registry import KINDS
from infra.gateway.settings import Webhook
from tests.support.event_builders import event
from tests.support.gateway_in_process import InProcessClient, in_process

OLD, NEW, OTHER = (base64.b64encode(secret).decode() for secret in (b"old secret", b"new secret", b"not configured"))
Sign = Callable[[bytes, str], dict[str, str]]


def sign_standard(body: bytes, secret: str) -> dict[str, str]:
    at = datetime.fromtimestamp(now_ms() // 1000, tz=UTC)
    signature = OfficialWebhook(f"whsec_{secret}").sign("message-1", at, body.decode())
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "message-1", "webhook-timestamp": stamp, "webhook-signature": signature}


def sign_segment(body: bytes, secret: str) -> dict[str, str]:
    return {"x-signature": hmac.new(secret.encode(), body, sha1).hexdigest()}


def sign_pendo(body: bytes, secret: str) -> dict[str, str]:
    return {"x-pendo-signature": hmac.digest(secret.encode(), body, sha256).hex()}


SIGN: dict[str, Sign] = {"standard": sign_standard, "segment": sign_segment, "pendo": sign_pendo}


def fields_of(kind: str, at_ms: int) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {
        "standard": {"type": "order.paid", "data": event("e1")},
        "segment": {"type": "track", "event": "Order Completed", "userId": "u", "timestamp": at_ms},
        "pendo": {"event": "guideSeen", "visitorId": "v", "timestamp": at_ms // 1000},
    }
    return fields[kind]


@pytest.fixture
def client() -> InProcessClient:
    return in_process(webhooks={kind: Webhook(kind, (NEW, OLD)) for kind in KINDS})


def test_every_kind_is_tested_here() -> None:
    assert set(SIGN) == set(KINDS)


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["new secret", "old secret"])
@pytest.mark.parametrize("kind", SIGN)
def test_a_signed_webhook_is_accepted_once(client: InProcessClient, kind: str, secret: str) -> None:
    body = json.dumps(fields_of(kind, now_ms())).encode()
    headers = SIGN[kind](body, secret)
    first = client.post(f"/v1/webhooks/{kind}", content=body, headers=headers)
    again = client.post(f"/v1/webhooks/{kind}", content=body, headers=headers)
    assert (first.status_code, first.json()) == (200, {"accepted": 1, "duplicates": 0, "rejected": []})
    assert (again.status_code, again.json()["duplicates"], again.json()["duplicate"]) == (200, 1, True)


@pytest.mark.parametrize("kind", SIGN)
def test_a_forged_or_altered_webhook_is_401(client: InProcessClient, kind: str) -> None:
    body = json.dumps(fields_of(kind, now_ms())).encode()
    altered = client.post(f"/v1/webhooks/{kind}", content=body + b" ", headers=SIGN[kind](body, NEW))
    forged = client.post(f"/v1/webhooks/{kind}", content=body, headers=SIGN[kind](body, OTHER))
    unsigned = client.post(f"/v1/webhooks/{kind}", content=body)
    assert [each.status_code for each in (altered, forged, unsigned)] == [401] * 3
    assert {each.json()["rule"] for each in (altered, forged, unsigned)} == {"signature"}


@pytest.mark.parametrize("kind", ["segment", "pendo"])
def test_without_a_signed_time_the_bodys_own_must_be_recent(client: InProcessClient, kind: str) -> None:
    body = json.dumps(fields_of(kind, now_ms() - 24 * 3_600_000)).encode()
    response = client.post(f"/v1/webhooks/{kind}", content=body, headers=SIGN[kind](body, NEW))
    assert (response.status_code, response.json()["rule"]) == (401, "old")


def test_an_unknown_source_is_404(client: InProcessClient) -> None:
    assert client.post("/v1/webhooks/nobody", content=b"{}").status_code == 404
