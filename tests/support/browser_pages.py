"""What a scripted reader does in a real browser, and a page to do it on."""

import time
from typing import Any

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.fake_collector import KEY, Collector

WATCH = """
window.faults = [];
addEventListener("error", ({ message }) => faults.push(String(message)));
addEventListener("unhandledrejection", ({ reason }) => faults.push(String(reason)));
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((each) => { shifts += each.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
"""Every error that reaches the page, and every layout shift, those after a click included."""


def page(body: str, attributes: str = "", head: str = "") -> str:
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>t</title><script>{WATCH}{head}</script>"
        f'<script type=module src="/t/adjust.js" data-adjust-key="{KEY}" {attributes}></script>'
        f"<style>body {{ margin: 0 }} .tall {{ height: 3000px }}</style></head><body>{body}</body></html>"
    )


class Reader:
    """One tab. Whatever it does, it does as a hand would: through the browser, not through the page."""

    def __init__(self, chrome: Chrome, collector: Collector) -> None:
        self.chrome, self.collector = chrome, collector

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self.chrome.execute_cdp_cmd(command, parameters)

    def open(self, body: str, attributes: str = "", head: str = "", name: str = "page") -> None:
        """Shows a page and waits until the tracker has told of it."""
        self.show(body, attributes, head, name)
        self.collector.wait_for(lambda: self.collector.events("page_view"))

    def show(self, body: str, attributes: str = "", head: str = "", name: str = "page") -> None:
        self.collector.pages[name.partition("?")[0]] = page(body, attributes, head)
        self.chrome.get(f"{self.collector.origin}/{name}")

    def find(self, selector: str) -> WebElement:
        return self.chrome.find_element(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def move(self, selector: str, x: int = 0, y: int = 0) -> None:
        """The pointer, to so far from the element's middle."""
        ActionChains(self.chrome, duration=50).move_to_element_with_offset(self.find(selector), x, y).perform()

    def wheel(self, pixels: int) -> None:
        ActionChains(self.chrome).scroll_by_amount(0, pixels).perform()

    def hide(self) -> str:
        """Looks at another tab; answers how to come back."""
        handle = self.chrome.current_window_handle
        self.chrome.switch_to.new_window("tab")
        return handle

    def back_to(self, handle: str) -> None:
        self.chrome.switch_to.window(handle)
        self.devtools("Page.bringToFront")

    def evaluate(self, expression: str) -> Any:
        """Through the developer tools: a page that has broken `JSON` breaks what the driver runs in it."""
        return self.devtools("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, selector: str) -> None:
        """A click by the developer tools, for the same reason."""
        x, y = (
            self.evaluate(f"{{ const r = document.querySelector('{selector}').getBoundingClientRect(); r.{side} + 3 }}")
            for side in ("left", "top")
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def faults(self) -> list[str]:
        found: str = self.evaluate("faults.join('|')")
        return found.split("|") if found else []

    def shifts(self) -> float:
        """All layout shifts so far, once the browser has told of them."""
        time.sleep(0.3)
        return float(self.run("return window.shifts"))
