"""The console's evidence in a real browser: each bound that held, on the feature's scale and in words."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from selenium.webdriver import Chrome

from infra.local.home import PROJECT

OWN = {"bound": "z_above", "threshold": 2.0, "unit": "sd", "against": "self", "baseline": 10.0, "z": 4.0}
PEERS = {"bound": "z_above", "threshold": 1.0, "unit": "sd", "against": "peers", "baseline": 20.0, "z": 2.0}
BELOW = {"bound": "below", "threshold": 90.0, "unit": "ms"}
RISES = {
    "bound": "rises",
    "threshold": 4.0,
    "unit": "nats",
    "against": "self",
    "baseline": 10.0,
    "z": 4.0,
    "measured": 5.0,
}
READING = {"bound": "nats >=", "threshold": 3.0, "unit": "nats", "against": "self"}
TOP = {"bound": "top", "threshold": 0.05, "unit": "share", "against": "peers", "baseline": 20.0, "z": 2.0}

DRAW = """
const [done, seen] = [arguments[arguments.length - 1], arguments[0]];
Promise.all([import('/js/evidence.js'), import('/js/format.js')]).then(([{ numberLine }, { formatEvidence }]) =>
  done([numberLine('hover_ms', seen).getAttribute('aria-label'), formatEvidence('hover_ms', seen)]),
  (error) => done([String(error)]));
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The console's files on a server of their own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PROJECT / "infra" / "console"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("seen", "drawn", "words"),
    [
        # own: one deviation is (50 - 10) / 4 = 10, so the bound lies at 10 + 2 * 10; peers: (50 - 20) / 2 = 15, at 20 + 15
        (
            {"value": 50.0, "baseline": 20.0, "threshold": 1.0, "z": 2.0, "bounds": [OWN, PEERS, BELOW]},
            "hover_ms is 50, usually 10 (self), usually 20 (peers), z above 30, z above 35, below 90",
            "hover_ms 50 (z above 2 sd against self, usually 10, z 4; z above 1 sd against peers, usually 20, z 2; below 90 ms)",
        ),
        # thresholds of evidence and of ranks are on no scale of the value
        (
            {"value": 50.0, "bounds": [RISES, TOP, BELOW]},
            "hover_ms is 50, usually 10 (self), usually 20 (peers), below 90",
            "hover_ms 50 (rises 4 nats against self, usually 10, z 4; "
            "top 0.05 share against peers, usually 20, z 2; below 90 ms)",
        ),
        # but this one is, since the feature itself counts in nats; a reading in an expression is not
        (
            {"value": 7.0, "bounds": [{"bound": "above", "threshold": 6.5, "unit": "nats"}, READING]},
            "hover_ms is 7, above 6.5",
            "hover_ms 7 (above 6.5 nats; nats >= 3 nats against self)",
        ),
        # a command of before bounds were listed: nobody knows the unit of its threshold
        (
            {"value": 50.0, "baseline": 10.0, "threshold": 3.0, "z": 4.0},
            "hover_ms is 50, usually 10",
            "hover_ms 50 (usually 10, z 4)",
        ),
        ({"value": 50.0, "bounds": [None, 7, {"bound": 3}]}, "hover_ms is 50", "hover_ms 50"),
        ({"value": 50.0, "bounds": "none"}, "hover_ms is 50", "hover_ms 50"),
    ],
    ids=["several bounds", "evidence and ranks", "a feature in nats", "no bounds", "bounds that are none", "no list"],
)
def test_every_bound_is_shown(chrome: Chrome, origin: str, seen: dict[str, Any], drawn: str, words: str) -> None:
    chrome.get(f"{origin}/icon.svg")
    assert chrome.execute_async_script(DRAW, seen) == [drawn, words]
