"""Visits the demo site with a scripted reader in Chromium, records the page's changes and takes screenshots."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from infra.demo.browser import Browser
from infra.demo.visit import CHANGE_TIMEOUT_S, OPENED, SLOW_RTT_MS, Say, VisitResult

_NOTE_CLICKS: Final = """
window.demoClicks = [];
addEventListener('click', () => window.demoClicks.push(performance.now()), true);
"""
_ORDER: Final = (
    "return [...document.querySelectorAll('[data-adjust-list] > li')].map((item) => item.dataset.adjustContent)"
)
_VARIANT: Final = "return document.querySelector('[data-adjust-variant]:not([hidden])')?.dataset.adjustVariant"
PICTURE: Final = "return document.querySelector('figure img').getAttribute('src')"
ANSWERED: Final = """
return performance.getEntriesByType('resource').some(({ name, responseEnd }) => name.includes('/v1/events') && responseEnd > 0)
"""
SESSION: Final = """
const done = arguments[arguments.length - 1];
const session_id = localStorage["microadjust.session"]?.split(" ")[0];
const write_key = document.querySelector("[data-adjust-key]").dataset.adjustKey;
fetch("/v1/push-token", { method: "POST", body: JSON.stringify({ session_id, write_key }) })
  .then((answer) => answer.json())
  .then((token) => done(token.session_id ?? session_id), () => done(null));
"""
"""The tracker's id is a secret; the gateway tells the one that stands in events and commands."""


def visit(url: str, folder: Path, say: Say = lambda _: None, console: str | None = None) -> VisitResult:
    """Visits the demo site at `url` and writes before.png, after.png and page.png below `folder`, and with the console's
    address console.png. Raises `NoBrowserError`."""
    folder.mkdir(parents=True, exist_ok=True)
    with Browser() as chrome:
        reader = _Reader(chrome, folder, say)
        result = reader.read(url)
        if console is not None:
            reader.look_at_console(console)
        return result


class _Reader:
    def __init__(self, chrome: Chrome, folder: Path, say: Say) -> None:
        self._chrome = chrome
        self._folder = folder
        self._say = say
        self._result = VisitResult()

    def read(self, url: str) -> VisitResult:
        self._say(f"a reader opens {url} in headless Chromium")
        self._chrome.get(url)
        self._chrome.execute_script(_NOTE_CLICKS)
        if not self._until(lambda: bool(self._chrome.execute_script(ANSWERED))):
            self._result.problems.append("the tracker has no push token: the gateway has not answered a batch")
        # A socket that opens a moment later hears what it has missed; a first picture without that wait would be unfair.
        time.sleep(0.5)
        self._result.session_id = self._chrome.execute_async_script(SESSION)
        self._result.before = self._photograph("before.png")
        self._photograph_whole("page.png")
        self._look_around()
        self._open_teasers()
        self._meet_a_slow_network()
        self._rate()
        self._chrome.execute_script("scrollTo(0, 0)")
        time.sleep(0.3)
        self._result.after = self._photograph("after.png")
        return self._result

    def look_at_console(self, address: str) -> None:
        """Takes a screenshot of this session in the console."""
        self._chrome.get(address)
        self._chrome.get(f"{address.partition('?')[0]}#/session/{self._result.session_id}")
        if self._until(lambda: bool(self._chrome.find_elements(By.CSS_SELECTOR, "svg.lanes"))):
            self._result.console = self._photograph("console.png")
        else:
            self._result.problems.append("the console has not drawn the session")

    def _look_around(self) -> None:
        """Scrolls a little and lets the pointer wander, as one does."""
        for _ in range(3):
            ActionChains(self._chrome).scroll_by_amount(0, 120).move_by_offset(40, 30).pause(0.2).perform()
        ActionChains(self._chrome).scroll_by_amount(0, -360).pause(0.3).perform()

    def _open_teasers(self) -> None:
        self._say(f"the reader opens {len(OPENED)} teasers of the recommended list")
        order = self._chrome.execute_script(_ORDER)
        for content in OPENED:
            teaser = self._chrome.find_element(By.CSS_SELECTOR, f"li[data-adjust-content={content}] summary")
            ActionChains(self._chrome).move_to_element(teaser).pause(0.15).click().perform()
        self._expect("list reordered", lambda: self._chrome.execute_script(_ORDER) != order)
        # The page's clock on both sides: what selenium takes to look does not count.
        self._result.click_to_change_ms = self._chrome.execute_script(
            "const change = window.demoChanges.find(({ what }) => what.includes('list'));"
            f"const clicks = window.demoClicks.slice(0, {len(OPENED)});"
            f"return change && clicks.length === {len(OPENED)} ? Math.round((change.at - clicks.at(-1)) * 10) / 10 : null"
        )

    def _meet_a_slow_network(self) -> None:
        self._say(f"the network becomes slow, {SLOW_RTT_MS} ms there and back, as the browser sees it")
        self._network(SLOW_RTT_MS)
        self._expect("light pictures", lambda: str(self._chrome.execute_script(PICTURE)).endswith(".svg"))
        self._network(0)

    def _network(self, rtt_ms: int) -> None:
        limits = {"offline": False, "latency": rtt_ms, "downloadThroughput": -1, "uploadThroughput": -1}
        kind = {"connectionType": "cellular3g"} if rtt_ms else {}
        self._chrome.execute_cdp_cmd("Network.enable", {})
        self._chrome.execute_cdp_cmd("Network.emulateNetworkConditions", limits | kind)

    def _rate(self) -> None:
        self._say("the reader rates the article 2 of 5, and goes on to the end of the page")
        for selector in ("#feedback input[value='2']", "#feedback button"):
            field = self._chrome.find_element(By.CSS_SELECTOR, selector)
            ActionChains(self._chrome).scroll_to_element(field).move_to_element(field).click().perform()
        # A text that is in sight stays as it is; at the page's end it is not.
        self._chrome.execute_script("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
        self._expect("simpler text", lambda: self._chrome.execute_script(_VARIANT) == "simple")

    def _expect(self, change: str, happened: Callable[[], bool]) -> None:
        if self._until(happened):
            self._result.changes.append(change)
            self._say(f"the page has changed: {change}")
        else:
            self._result.missing.append(change)
            self._say(f"the page has not changed within {CHANGE_TIMEOUT_S:.0f} s: no {change}")

    def _until(self, happened: Callable[[], bool]) -> bool:
        end = time.monotonic() + CHANGE_TIMEOUT_S
        while time.monotonic() < end:
            if happened():
                return True
            time.sleep(0.05)
        return False

    def _photograph(self, name: str) -> str:
        path = self._folder / name
        self._chrome.save_screenshot(str(path))
        return str(path)

    def _photograph_whole(self, name: str) -> None:
        """The page from top to end, for the console's heatmap."""
        taken: dict[str, Any] = self._chrome.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": self._whole()}
        )
        (self._folder / name).write_bytes(base64.b64decode(taken["data"]))

    def _whole(self) -> dict[str, Any]:
        size = self._chrome.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
