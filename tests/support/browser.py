"""One Chromium for all tests, and a tab of its own for each that asks."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium.webdriver import Chrome

from infra.demo.browser import Browser
from infra.demo.visit import NoBrowserError


@contextmanager
def chromium() -> Iterator[Chrome]:
    """Starts Chromium; fails the test, saying what installs it, where there is none."""
    try:
        with Browser() as chrome:
            yield chrome
    except NoBrowserError as missing:
        pytest.fail(f"{missing}; `make browser` installs it")


@contextmanager
def fresh_tab(chrome: Chrome) -> Iterator[Chrome]:
    """Opens a tab; it and all that were opened since are closed afterwards, but for the first."""
    first = chrome.window_handles[0]
    chrome.switch_to.window(first)
    chrome.switch_to.new_window("tab")
    # A new tab of headless Chromium has no focus of itself.
    chrome.execute_cdp_cmd("Page.bringToFront", {})
    yield chrome
    for handle in chrome.window_handles:
        if handle != first:
            chrome.switch_to.window(handle)
            chrome.close()
    chrome.switch_to.window(first)
