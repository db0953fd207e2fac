"""Device and place, without a network."""

import pytest
import yaml

from infra.gateway.client_address import anonymize_ip
from infra.gateway.ingest.devices import device_of
from infra.gateway.ingest.enrichment import Enricher, Enrichment, apply_enrichment
from infra.settings import SettingsError
from tests.support.shared_data import shared

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/604.1"
)
CRAWLER = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "device", "bot"),
    [
        (WINDOWS, "desktop", None),
        (PHONE, "mobile", None),
        (IPAD, "tablet", None),
        (CRAWLER, "bot", "bingbot"),
        (HEADLESS, "bot", "HeadlessChrome"),
        ("curl/8.5.0", "bot", "curl"),
        ("", None, None),
        ("\x00" * 1000, None, None),
    ],
    ids=["windows", "phone", "ipad", "crawler", "headless", "curl", "none", "zeros"],
)
def test_the_agent_tells_device_and_bot(agent: str, device: str | None, bot: str | None) -> None:
    found = device_of(agent)
    assert (found.get("device"), found.get("bot")) == (device, bot)


@pytest.mark.parametrize("address", ["203.0.113.77", "::ffff:203.0.113.77"])
def test_only_the_network_of_an_address_is_kept(address: str) -> None:
    assert Enricher().lookup("", "", address) == Enrichment({}, {"network": "203.0.113.0/24"})
    assert anonymize_ip("2001:db8:aaaa:bbbb::1") == "2001:db8:aaaa::/48"


def test_the_first_language_counts() -> None:
    assert Enricher().lookup("", "de-CH", "").context == {"language": "de-CH"}


def test_all_languages_of_a_reader_are_told_by_weight_within_the_bound_of_the_field() -> None:
    context = Enricher().lookup("", "en;q=0.4, de-CH, fr;q=0.8, *;q=0.1", "").context
    assert context == {"language": "de-CH", "languages": "de-CH,fr,en"}
    many = Enricher().lookup("", ",".join(f"de-x-{number:05}" for number in range(100)), "").context["languages"]
    assert len(many) <= 128
    assert many.split(",")[-1] == "de-x-00010"


def test_a_page_that_names_another_language_than_the_browser_is_not_overruled_by_the_list() -> None:
    found = Enricher().lookup("", "fr, en;q=0.5", "")
    assert apply_enrichment({"context": {"language": "de"}}, found)["context"] == {"language": "de"}
    assert apply_enrichment({"context": {"language": "FR"}}, found)["context"]["languages"] == "fr,en"
    own = {"language": "de", "languages": "de,fr"}
    assert apply_enrichment({"context": dict(own)}, found)["context"] == own
    assert Enricher().lookup("", "*", "").context == {}


def test_what_the_event_says_itself_stands_and_wrong_types_are_left_to_the_judge() -> None:
    facts = Enrichment({"language": "de", "os": "Linux"}, {"bot": "x"})
    found = apply_enrichment({"context": {"language": "fr", "os": None}, "properties": {"a": "b"}}, facts)
    assert found == {"context": {"language": "fr", "os": "Linux"}, "properties": {"a": "b", "bot": "x"}}
    assert apply_enrichment({"context": 5, "properties": [1]}, facts) == {"context": 5, "properties": [1]}


def test_a_maxmind_file_places_readers() -> None:
    enricher = Enricher(str(shared("maxmind", "test-data", "GeoIP2-City-Test.mmdb")))
    assert enricher.lookup("", "", "81.2.69.142").context == {"country": "GB", "region": "ENG", "city": "London"}
    assert enricher.lookup("", "", "203.0.113.77").context == {}
    assert enricher.lookup("", "", "not an address").context == {}


def test_a_file_that_is_none_is_named_and_a_broken_one_breaks_no_event() -> None:
    with pytest.raises(SettingsError, match="MICROADJUST_GATEWAY_GEO_DATABASE"):
        Enricher(__file__)
    for path in sorted(shared("maxmind", "bad-data").rglob("*.mmdb")) + sorted(
        shared("maxmind", "test-data").glob("*.mmdb")
    ):
        try:
            enricher = Enricher(str(path))
        except SettingsError:
            continue
        for address in ("81.2.69.142", "1.1.1.1", "2001:218::1", "::1", "255.255.255.255"):
            assert enricher.lookup("", "", address).properties.keys() <= {"network"}


def test_ua_parsers_own_cases_never_fail() -> None:
    folder = shared("ua-parser", "tests")
    agents = [
        each["user_agent_string"]
        for path in sorted(folder.glob("test_*.yaml"))
        for each in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["test_cases"]
    ]
    assert len(agents) > 1_000
    found = [device_of(agent[:1024]) for agent in agents]
    assert all(type(value) is str and len(value) <= 128 for each in found for value in each.values())
