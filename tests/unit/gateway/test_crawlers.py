"""Crawlers are told from people: by lists of crawlers, and by the phones of ua-parser."""

import gzip
import time
from pathlib import Path

import crawleruseragents
import pytest
import yaml

from infra.gateway.ingest.devices import MAX_USER_AGENT_CHARS, device_kind, device_of, speaks_for_reader
from tests.support.shared_data import shared

CRAWLERS = Path(__file__).parent / "data" / "crawlers.txt.gz"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15"
ANDROID = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"


def share_of_bots(agents: list[str]) -> float:
    return sum(device_of(each).get("device") == "bot" for each in agents) / len(agents)


def test_nearly_all_crawlers_of_a_list_that_is_not_the_gateways_are_bots() -> None:
    agents = gzip.decompress(CRAWLERS.read_bytes()).decode().splitlines()
    assert len(agents) > 3_500
    assert share_of_bots(agents) >= 0.95


def test_nearly_all_crawlers_of_the_list_that_the_gateway_uses_are_bots() -> None:
    agents = [each for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for each in entry.get("instances", [])]
    assert len(agents) > 2_000
    assert share_of_bots(agents) >= 0.99


def test_no_device_of_ua_parser_is_a_bot() -> None:
    path = shared("ua-parser", "tests", "test_device.yaml")
    cases = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["test_cases"]
    people = [each["user_agent_string"] for each in cases if each["family"] != "Spider"]
    assert len(people) > 16_000
    assert [each for each in people if device_of(each).get("device") == "bot"] == []


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (f"Mozilla/5.0 (Linux; Android 14; KINGKONG 9 by CUBOT) {ANDROID}", "mobile"),
        (f"Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) {ANDROID}", "mobile"),
        (f"Mozilla/5.0 (Linux; Android 4.1.1; HTC Butterfly Build/JRO03C) {ANDROID}", "mobile"),
        (f"{CHROME} AbbotReader/2", "desktop"),
        (f"{CHROME} BotanyReader/3", "desktop"),
        (f"{SAFARI} Scrawler-Notes", "desktop"),
        ("WhatsApp/2.11.112 Android/4.2.1 Device/asus-ASUS_Transformer_Pad_TF300TG", "tablet"),
        ("Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0", "desktop"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 Version/5.0 TV Safari/538.1", "tv"),
        ("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB Build/PTT1) AppleWebKit/537.36 Chrome/100 Safari/537.36", "tv"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Chrome/52 Mobile Edge/15", "mobile"),
        (f"{CHROME} Chrome-Lighthouse", "bot"),
        ("Mozilla/5.0 (X11; Linux x86_64; GTmetrix https://gtmetrix.com/) Chrome/126.0.0.0", "bot"),
        (f"Mozilla/5.0 (Linux; Android 6.0; Nexus 5 Build/MRA58N) {ANDROID}; Bytespider", "bot"),
        ("python-httpx/0.27.0", "bot"),
        ("okhttp/4.9.1", "bot"),
    ],
)  # fmt: skip
def test_the_device_of_an_agent(agent: str, device: str) -> None:
    assert device_of(agent).get("device") == device


@pytest.mark.parametrize("length", [MAX_USER_AGENT_CHARS, 100_000])
def test_no_agent_takes_long(length: int) -> None:
    pieces = [
        "a",
        "(",
        "bot ",
        "a-",
        "a.a",
        "\\w ",
        "Android 1;",
        "@",
        "http:/",
        "1.1.",
        " ",
        ";",
        "x@",
        "Gecko/",
        "Gecko/Chrome",
    ]
    hostile = [start + (piece * length)[:length] for piece in pieces for start in ("", "Mozilla/5.0 ", "Android ")]
    device_of("compile the list first")
    began = time.process_time()
    for agent in hostile:
        device_of(agent)
    # A pattern that backtracks takes minutes for one of them.
    assert time.process_time() - began < 0.1 * len(hostile)


@pytest.mark.parametrize(
    ("given", "model", "wanted"),
    [("ios", "iPhone16,2", "mobile"), ("ios", "iPad14,3", "tablet"), ("android", "", "mobile"), ("phone", "", "mobile"),
     ("Mobile", "", "mobile"), ("smartphone", "", "mobile"), ("iPhone", "", "mobile"), ("Tablet", "", "tablet"),
     ("desktop", "", "desktop"), ("watch", "", "watch")],
)  # fmt: skip
def test_a_platform_is_not_a_kind_of_device(given: str, model: str, wanted: str) -> None:
    assert device_kind(given, model) == wanted


@pytest.mark.parametrize(
    ("agent", "speaks"),
    [
        (CHROME, True),
        ("Dalvik/2.1.0 (Linux; U; Android 11; Pixel 5 Build/RQ3A)", True),
        ("python-requests/2.31.0", False),
        ("Go-http-client/2.0", False),
        ("axios/1.7.2", False),
        ("curl/8.5.0", False),
        ("", False),
    ],
)
def test_a_servers_library_does_not_speak_for_a_reader(agent: str, speaks: bool) -> None:
    assert speaks_for_reader(agent) is speaks
