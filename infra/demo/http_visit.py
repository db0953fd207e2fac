"""Visits the demo site without a browser: sends the same events over HTTP and receives the commands."""

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from infra.demo.demo_gateway import DemoGateway
from infra.demo.visit import CHANGE_TIMEOUT_S, OPENED, SLOW_RTT_MS, Say, VisitResult

CHANGES: Final = {"reorder": "list reordered", "lighten_media": "light pictures", "simplify": "simpler text"}


def visit(gateway: DemoGateway, say: Say = lambda _: None) -> VisitResult:
    """Sends the events that the reader in Chromium sends. No page is drawn, so there are no screenshots."""
    reader = _Reader(gateway)
    say(f"a simulated reader visits {gateway.site}, since there is no browser")
    reader.send("page_view")
    reader.send("context", context={"device": "desktop", "rtt_ms": SLOW_RTT_MS})
    for content in OPENED:
        time.sleep(0.3)
        reader.send("click", content_id=content, placement="recommended", x=0.8, y=0.4)
    reader.send("feedback", value=2.0, text="too much at once")
    result = VisitResult(
        session_id=reader.session_id, problems=["no browser: read by the simulator, nothing was drawn"]
    )
    end = time.monotonic() + CHANGE_TIMEOUT_S
    while len(result.changes) < len(CHANGES) and time.monotonic() < end:
        time.sleep(0.1)
        for action in list(reader.heard):
            change = CHANGES.get(action)
            if change and change not in result.changes:
                result.changes.append(change)
                say(f"a page would have changed: {change}")
    result.missing = [change for change in CHANGES.values() if change not in result.changes]
    return result


class _Reader:
    def __init__(self, gateway: DemoGateway) -> None:
        self._origin = gateway.site.removesuffix("/demo/")
        self._page = gateway.site
        self._key = gateway.write_key
        self.session_id = uuid4().hex
        self.heard: list[str] = []

    def send(self, kind: str, **given: Any) -> None:
        now_ms = time.time_ns() // 1_000_000
        event = {"event_id": uuid4().hex, "type": kind, "occurred_at_ms": now_ms, "session_id": self.session_id}
        about = {"page_url": self._page, "content_id": "tides", "content_type": "demo-article"}
        body = {"write_key": self._key, "sent_at_ms": now_ms, "events": [event | about | given]}
        request = urllib.request.Request(
            f"{self._origin}/v1/events", json.dumps(body).encode(), {"content-type": "text/plain"}
        )
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            token = json.load(answer).get("push_token")
        if kind == "page_view" and token:
            threading.Thread(target=self._listen, args=(token,), daemon=True).start()

    def _listen(self, token: str) -> None:
        """Receives commands as server-sent events, until the gateway ends."""
        query = urlencode({"session_id": self.session_id, "token": token})
        try:
            with urllib.request.urlopen(f"{self._origin}/v1/push/events?{query}", timeout=60.0) as stream:
                for line in stream:
                    if line.startswith(b"data:"):
                        message = json.loads(line.removeprefix(b"data:"))
                        self.heard.append(str((message.get("command") or {}).get("action")))
        except (OSError, urllib.error.URLError):
            return
