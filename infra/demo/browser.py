"""Drives the system's Chromium, headless, by selenium. No other browser is downloaded."""

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from infra.demo.visit import NoBrowserError

FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # Without these it looks up its maker's hosts at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
)

PHONE: Final = {"width": 390, "height": 844, "pixelRatio": 2, "touch": True, "mobile": True}
PHONE_AGENT: Final = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)


def programs() -> tuple[str, str]:
    """Returns the paths of Chromium and its driver. Raises `NoBrowserError`."""
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        raise NoBrowserError("there is no Chromium with chromedriver (Debian: apt install chromium chromium-driver)")
    return chromium, driver


class Browser:
    """One headless Chromium with a profile of its own, gone with it. Use it as a context. Raises `NoBrowserError`.

    `languages` are those that the reader prefers, as the header has them; a phone has a narrow window and is touched.
    """

    def __init__(
        self, width: int = 1280, height: int = 900, dark: bool = False, languages: str = "", phone: bool = False
    ) -> None:
        self._size = (width, height)
        self._dark = dark
        self._languages = languages
        self._phone = phone
        self._profile: Path | None = None

    def __enter__(self) -> Chrome:
        chromium, driver = programs()
        self._profile = Path(mkdtemp(prefix="microadjust-browser-"))
        options = ChromeOptions()
        options.binary_location = chromium
        for flag in (*FLAGS, f"--user-data-dir={self._profile}", "--window-size={},{}".format(*self._size)):
            options.add_argument(flag)
        if self._dark:
            options.add_argument("--force-dark-mode")
        if self._languages:
            options.add_experimental_option("prefs", {"intl.accept_languages": self._languages})
        if self._phone:
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": PHONE, "userAgent": PHONE_AGENT})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            self._chrome = Chrome(options, Service(driver))
        except WebDriverException as error:
            shutil.rmtree(self._profile, ignore_errors=True)
            raise NoBrowserError(f"Chromium does not start: {(error.msg or '').splitlines()[0]}") from None
        self._chrome.set_page_load_timeout(30)
        return self._chrome

    def __exit__(self, *_: object) -> None:
        self._chrome.quit()
        if self._profile is not None:
            shutil.rmtree(self._profile, ignore_errors=True)
