"""What readers live through on the demo site, on the real stack: struggling and recovering, French, a slow phone.

`pytest -s --basetemp FOLDER` prints the reasons and times, and leaves the screenshots in FOLDER.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from infra.cli.formatting import format_reason
from infra.demo.browser import Browser
from infra.demo.browser_visit import ANSWERED, PICTURE, SESSION
from infra.demo.demo_gateway import DemoGateway
from infra.kafka.reading import TopicReader
from infra.local.stack import Stack
from schemas.topics import ADJUSTMENTS

pytestmark = [pytest.mark.kafka, pytest.mark.chaos, pytest.mark.timeout(400)]

COMPLAINT = "I am lost: this is far too difficult, and confusing."
PRAISE = "That is much better, thank you."
PATIENCE_S = 60.0
LONG_S = 240.0
"""Pace is known after a minute of reading, and a window is decided seconds after its end."""

VARIANT = "return document.querySelector('[data-adjust-variant]:not([hidden])').dataset.adjustVariant"
FRENCH = "return [...document.querySelectorAll('[data-adjust-lang=fr]')].every((each) => !each.hidden)"
CHANGED_AT = "return demoChanges.find(({ what, at }) => what.includes(arguments[0]) && at > arguments[1])?.at"


class Reader:
    """A browser on the demo site, driven as by a hand. Times are milliseconds since the page was opened, by its own clock."""

    def __init__(self, chrome: Chrome, demo: DemoGateway, stack: Stack, folder: Path) -> None:
        self.chrome, self._demo, self._stack, self._folder = chrome, demo, stack, folder
        self.session_id = ""

    def open(self) -> None:
        self.chrome.get(self._demo.site)
        self.chrome.execute_cdp_cmd("Page.bringToFront", {})
        self.until(lambda: self.run(ANSWERED))
        self.session_id = self.chrome.execute_async_script(SESSION)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.chrome.execute_script(script, *arguments)

    def until(
        self, happened: Callable[[], Any], patience_s: float = PATIENCE_S, meanwhile: Callable[[], None] = lambda: None
    ) -> Any:
        end = time.monotonic() + patience_s
        while not (found := happened()):
            assert time.monotonic() < end, (
                f"not within {patience_s:.0f} s; commands: {[each['action'] for each in self.commands()]}"
            )
            meanwhile()
            time.sleep(0.05)
        return found

    def wheel(self, pixels: int, pause_s: float = 0.3) -> None:
        ActionChains(self.chrome).scroll_by_amount(0, pixels).pause(pause_s).perform()

    def swipe(self, pixels: int) -> None:
        """Scrolls down as a thumb does, from the lower end of the screen: a phone has no wheel."""
        gesture = {"x": 180, "y": 750, "yDistance": -pixels}
        self.chrome.execute_cdp_cmd("Input.synthesizeScrollGesture", gesture)

    def go_back_and_forth(self) -> None:
        """To the end of the text, slowly, and up again."""
        self.wheel(1000, 3.0)
        self.wheel(-1000, 3.0)

    def rate(self, rating: int, words: str) -> float:
        """Fills in the feedback form while the text is out of sight. Returns when it was sent."""
        self.run("document.querySelector('.feedback').scrollIntoView({ behavior: 'instant' })")
        self.chrome.find_element(By.CSS_SELECTOR, f"#feedback input[value='{rating}']").click()
        field = self.chrome.find_element(By.ID, "words")
        field.clear()
        field.send_keys(words)
        at: float = self.run("return performance.now()")
        self.chrome.find_element(By.CSS_SELECTOR, "#feedback button").click()
        return at

    def changed(
        self,
        what: str,
        since: float = 0.0,
        patience_s: float = PATIENCE_S,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> float:
        """Waits for a change of the page. Returns the time that it took."""
        return float(self.until(lambda: self.run(CHANGED_AT, what, since), patience_s, meanwhile)) - since

    def commands(self) -> list[dict[str, Any]]:
        """Those to this reader, as the gateway pushes them."""
        with TopicReader(self._stack.bootstrap, ADJUSTMENTS.name, isolation="read_uncommitted") as reader:
            found = [msgspec.json.decode(each.value) for each in reader.read_to_end() if each.value]
        return [each for each in found if each["session_id"] == self.session_id]

    def command(self, rule: str, action: str) -> dict[str, Any]:
        """Waits for a command of the rule; prints its reason."""

        def newest() -> Any:
            return next(
                (each for each in self.commands() if (each["source"]["id"], each["action"]) == (rule, action)), None
            )

        found: dict[str, Any] = self.until(newest)
        print(f"  {action} {found['parameters']} because {format_reason(found)}")
        return found

    def photograph(self, name: str) -> None:
        self.run("scrollTo({ top: 0, behavior: 'instant' })")
        time.sleep(0.3)
        self.chrome.save_screenshot(str(self._folder / f"{name}.png"))

    def why(self, command: dict[str, Any], name: str) -> str:
        """Returns what the console says of a command."""
        self.chrome.get(self._demo.console)
        self.chrome.get(f"{self._demo.console.partition('?')[0]}#/why/{command['command_id']}")
        self.until(lambda: self.chrome.find_elements(By.CSS_SELECTOR, ".card dl"))
        self.photograph(name)
        return self.chrome.find_element(By.CSS_SELECTOR, "body").text


Opening = Callable[..., AbstractContextManager[Reader]]


@pytest.fixture
def reader(demo: DemoGateway, stack: Stack, tmp_path: Path) -> Opening:
    @contextmanager
    def reading(**browser: Any) -> Iterator[Reader]:
        with Browser(**browser) as chrome:
            yield Reader(chrome, demo, stack, tmp_path)

    return reading


def test_a_reader_who_complains_gets_a_summary_and_when_better_the_text_again(reader: Opening) -> None:
    with reader() as anna:
        anna.open()
        anna.photograph("before")
        anna.go_back_and_forth()
        took = anna.changed("another variant", anna.rate(2, COMPLAINT))
        print(f"\nrating 2 and a complaint -> summary: {took:.0f} ms")
        anna.until(lambda: anna.run(VARIANT) == "summary")
        command = anna.command("frustrated-simplify", "simplify")
        assert command["evidence"]["rating"]["value"] == 2.0
        assert command["evidence"]["sentiment"]["value"] < -0.5
        anna.photograph("summary")
        took = anna.changed("another variant", anna.rate(5, PRAISE))
        print(f"rating 5 -> as it was written: {took:.0f} ms")
        anna.until(lambda: anna.run(VARIANT) == "normal")
        assert anna.command("frustrated-simplify", "revert")["reverts"] == command["command_id"]
        anna.photograph("restored")
        assert "The reader gives a low rating and complains in the same feedback." in anna.why(command, "why")


def test_a_slow_phone_gets_light_media_and_layout(reader: Opening) -> None:
    with reader(phone=True) as chen:
        limits = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
        chen.chrome.execute_cdp_cmd("Network.enable", {})
        chen.chrome.execute_cdp_cmd("Network.emulateNetworkConditions", limits | {"connectionType": "cellular3g"})
        chen.open()
        took = chen.changed("pictures are light")
        print(f"\na slow phone -> light pictures: {took:.0f} ms after the page was opened")
        assert str(chen.run(PICTURE)).endswith(".svg")
        chen.command("slow-mobile-media", "lighten_media")
        chen.swipe(600)
        took = chen.changed("layout is simpler")
        print(f"a slow phone -> simple layout: {took:.0f} ms after the page was opened, its head out of sight")
        chen.command("slow-mobile-layout", "simplify_layout")
        assert not chen.chrome.find_element(By.CSS_SELECTOR, "nav").is_displayed()
        chen.photograph("phone")


def test_a_french_browser_gets_the_french_variant(reader: Opening) -> None:
    with reader(languages="fr-CH,fr,en") as delphine:
        delphine.open()
        assert delphine.run("return navigator.languages[0]") == "fr-CH"
        delphine.wheel(1000)
        took = delphine.changed("another language")
        print(f"\na French browser -> in French: {took:.0f} ms after the page was opened, the text out of sight")
        delphine.until(lambda: delphine.run(FRENCH))
        command = delphine.command("localise-language", "localise")
        assert command["parameters"] == {"language": "fr"}
        delphine.photograph("french")
        assert delphine.chrome.find_element(By.CSS_SELECTOR, "h1[lang=fr]").is_displayed()


def test_a_reader_who_struggles_without_a_word_gets_a_summary_and_keeps_it_when_he_complains(
    reader: Opening,
) -> None:
    with reader() as boris:
        boris.open()
        took = boris.changed("another variant", 0.0, LONG_S, boris.go_back_and_forth)
        print(f"\nslow, back and forth -> summary: {took / 1000:.1f} s after the page was opened")
        assert boris.run(VARIANT) == "summary"
        first = boris.command("struggling-simplify", "simplify")
        assert first["evidence"]["reading_pace"]["value"] > 2.0
        assert first["evidence"]["rescrolled_pages"]["value"] > 0.75
        boris.photograph("summary")
        boris.rate(2, COMPLAINT)
        # The complaint weighs more, so its command takes the place of the window's. Both ask for the same text.
        boris.command("frustrated-simplify", "simplify")
        boris.until(lambda: any(each["reverts"] == first["command_id"] for each in boris.commands()))
        time.sleep(1.0)
        assert boris.run(VARIANT) == "summary"
        took = boris.changed("another variant", boris.rate(5, PRAISE))
        print(f"rating 5 -> as it was written: {took:.0f} ms")
        assert boris.run(VARIANT) == "normal"
        assert "Takes twice as long as its words ask for" in boris.why(first, "why")
