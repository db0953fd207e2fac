"""An item that a CMS describes over HTTP is known to the job, and a reader of another language gets his version."""

import time
from typing import Any

import msgspec
import pytest

from infra.local.home import Home
from infra.local.stack import Stack
from schemas.topics import ADJUSTMENTS
from tests.support.gateway import running_gateway
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

ITEM = {
    "language": "en",
    "words": 640,
    "variants": [{"variant": "french", "language": "fr", "words": 700}],
    "author": "Ann",
}
NO_REDIS = "redis://127.0.0.1:1"


def localised(job: RunningJob) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [msgspec.json.decode(each.value or b"") for each in job.read(ADJUSTMENTS)]
    return [each for each in found if each["action"] == "localise"]


@pytest.mark.timeout(240)
def test_an_item_that_is_put_localises_the_page_of_a_reader_of_another_language(stack: Stack, home: Home) -> None:
    with (
        running_job(stack) as job,
        running_gateway(job.topics, NO_REDIS, home, MICROADJUST_SERVER_KEYS="cms:secret-of-the-cms") as gateway,
        gateway.http(x_write_key="secret-of-the-cms") as cms,
    ):
        assert cms.put("/v1/content/tides", json=ITEM).status_code == 202
        assert cms.get("/v1/content/tides").json() == {**ITEM, "content_id": "tides"}

        def is_localised() -> bool:
            # A reader of his own each time: what came before the item was known is answered with nothing.
            name = f"reader-{time.time_ns()}"
            page = {
                "event_id": name,
                "type": "page_view",
                "session_id": name,
                "occurred_at_ms": time.time_ns() // 1_000_000,
            }
            context = {"language": "fr-CH", "languages": "fr-CH,fr,en"}
            answer = gateway.post([{**page, "content_id": "tides", "context": context}])
            assert answer.status_code == 202
            time.sleep(0.5)
            return bool(localised(job))

        until(is_localised, patience_s=90)
        for each in localised(job):
            assert (each["parameters"], each["content_id"]) == ({"language": "fr"}, "tides")
            assert each["source"]["id"] == "localise-language"
        assert cms.delete("/v1/content/tides").status_code == 202
        assert cms.get("/v1/content/tides").status_code == 404
        assert job.restarts() == 0
