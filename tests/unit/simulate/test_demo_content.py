"""What the demo tells of its articles on content.v1 is what the site holds."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from infra.cli.content_files import read_items
from infra.demo.demo_gateway import CONTENT_FILE
from infra.gateway.static.demo import SITE
from schemas.content import Content
from schemas.content_validation import validated


class Texts(HTMLParser):
    """The words of each variant and of each foreign language; those of the language `en` are the variants'."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, int] = {}
        self._open: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            found = dict(attrs)
            language = found.get("data-adjust-lang")
            self._open.append(found.get("data-adjust-variant") or (language if language != "en" else None))

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self._open.pop()

    def handle_data(self, data: str) -> None:
        name = next((each for each in reversed(self._open) if each), None)
        if name:
            self.words[name] = self.words.get(name, 0) + len(re.findall(r"\S*\w\S*", data))


def held(article: Path) -> dict[str, int]:
    texts = Texts()
    texts.feed(article.read_text())
    return texts.words


def test_variants_languages_and_lengths_are_those_of_the_site() -> None:
    items = [msgspec.json.decode(validated(each.value)[1] or b"", type=Content) for each in read_items(CONTENT_FILE)]
    told = {
        item.content_id: {"normal": item.words}
        | {each.variant if each.language == item.language else str(each.language): each.words for each in item.variants}
        for item in items
    }
    assert told == {article.stem: held(article) for article in (SITE / "articles").glob("*.html")}
