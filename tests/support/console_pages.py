"""Pages of the console in Chromium, and what notices that something ran in them."""

import json
import time
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import Chrome

from schemas.events import Event
from tests.integration.console.conftest import Console

FOREIGN = """
const foreign = 'iframe, object, embed, base, meta[http-equiv], form[action], link[href*="//"]';
const found = [...document.querySelectorAll(foreign)].map((node) => node.outerHTML);
for (const node of document.querySelectorAll('*')) {
  for (const { name, value } of node.attributes) {
    if (/^on|^style$|^srcdoc$/.test(name) && !node.closest('.uplot')) found.push(`${node.localName} ${name}=${value}`);
    if (name === 'href' && /^\\s*(javascript|data):/i.test(value)) found.push(value);
  }
}
for (const script of document.scripts) {
  if (new URL(script.src).origin !== location.origin || script.textContent) found.push(script.outerHTML);
}
return found;
"""


def show(chrome: Chrome, console: Console, *parts: str) -> None:
    address = f"{console.address}#/" + "/".join(quote(part, safe="") for part in parts)
    if chrome.current_url != address:
        # The same address but for what follows the # is no new document: the script of the page has to notice.
        chrome.execute_script("document.querySelector('main > div')?.setAttribute('data-left', '')")
    chrome.get(address)
    until(chrome, "return document.querySelector('main h1') && !document.querySelector('[data-left]')")


def until(chrome: Chrome, condition: str, patience_s: float = 20.0) -> None:
    end = time.monotonic() + patience_s
    while not chrome.execute_script(condition):
        assert time.monotonic() < end, f"not within {patience_s} s: {condition}"
        time.sleep(0.05)


def nothing_ran(chrome: Chrome) -> None:
    with pytest.raises(NoAlertPresentException):
        chrome.switch_to.alert  # noqa: B018
    assert chrome.execute_script("return window.incidents") == []
    assert chrome.execute_script(FOREIGN) == []


def text(chrome: Chrome) -> str:
    return str(chrome.execute_script("return document.body.textContent"))


def send(console: Console, topic: str, key: str, record: dict[str, Any] | Event) -> None:
    value = json.dumps(msgspec.to_builtins(record)).encode("utf-8", "replace")
    console.producer.send(console.gateway.topics.prefix + topic, value, key=key.encode("utf-8", "replace"))
