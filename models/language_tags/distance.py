"""How far one language is from another for a reader of the first, by the tables of CLDR.

The rules are those of CLDR's language matching (UTS 35, part 1, 4.4) as the library langcodes has them; the tables stand in
`cldr.json`. The library itself is not used: it remembers every tag that it is given, and a reader's tags are anybody's.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

MAX_DISTANCE: Final = 25
"""Beyond it CLDR takes a text for one that the reader does not read."""

MAX_CACHED: Final = 4096

_TABLES: Final[Mapping[str, Any]] = json.loads(files("models.language_tags").joinpath("cldr.json").read_text())
_LIKELY: Final[Mapping[str, str]] = _TABLES["likely"]
_DISTANCES: Final[Mapping[str, Mapping[str, int]]] = _TABLES["distances"]
_ALIASES: Final[Mapping[str, str]] = _TABLES["languages"]
_MACROLANGUAGES: Final[Mapping[str, str]] = _TABLES["macrolanguages"]
_TERRITORIES: Final[Mapping[str, str]] = _TABLES["territories"]

_OTHER_LANGUAGE: Final = _DISTANCES["*"]["*"]
_OTHER_SCRIPT: Final = _DISTANCES["*_*"]["*_*"]
_OTHER_TERRITORY: Final = 4


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAGHREB: Final = _codes("MA DZ TN LY MR EH")
_UNITED_STATES: Final = _codes("AS GU MH MP PR UM US VI")
_CHINESE_REGIONS: Final = _codes("HK MO")
_LATIN_AMERICA: Final = _codes("419 013 BZ CR SV GT HN MX NI PA 005 AR BO BR CL CO EC FK GF GY PY PE SR UY VE")
_AMERICAS: Final = _LATIN_AMERICA | _codes(
    "019 029 AI AG AW BS BB VG BQ KY CU CW DM DO GD GP HT JM MQ MS PR SX BL KN LC MF VC TT TC VI 021 BM CA GL PM US 003"
)


class Locale(NamedTuple):
    """The parts of a tag that distances depend on, each filled in with the likeliest where the tag leaves it out."""

    language: str
    script: str
    territory: str


def closest(desired: str, tags: Iterable[str], max_distance: int = MAX_DISTANCE) -> tuple[str, int] | None:
    """Returns the tag nearest to `desired`, of equal ones the first, with its distance; None where all are too far.

    >>> closest("zh-TW", ["zh-Hans", "zh-Hant"]), closest("gsw", ["fr", "de"]), closest("ja", ["en"])
    (('zh-Hant', 0), ('de', 8), None)
    """
    nearest = min(((tag_distance(desired, tag), number, tag) for number, tag in enumerate(tags)), default=None)
    return None if nearest is None or nearest[0] > max_distance else (nearest[2], nearest[0])


@lru_cache(maxsize=MAX_CACHED)
def tag_distance(desired: str, tag: str) -> int:
    """Returns 0 for the same language, script and territory, up to 134 for what is foreign in all three. Not symmetric.

    >>> tag_distance("gsw", "de"), tag_distance("de", "gsw")
    (8, 84)
    """
    wanted, given = locale_of(desired), locale_of(tag)
    distance = 0
    if wanted.language != given.language:
        distance += _DISTANCES.get(wanted.language, {}).get(given.language, _OTHER_LANGUAGE)
    wanted_pair, given_pair = f"{wanted.language}_{wanted.script}", f"{given.language}_{given.script}"
    if wanted.script != given.script:
        distance += _DISTANCES.get(wanted_pair, {}).get(given_pair, _OTHER_SCRIPT)
    if wanted.territory != given.territory:
        distance += _territory_distance(wanted, given) if wanted_pair == given_pair else _OTHER_TERRITORY
    return distance


def _territory_distance(wanted: Locale, given: Locale) -> int:
    """Of one language in one script."""
    ours, theirs = wanted.territory, given.territory
    match wanted.language:
        case "ar":
            return 5 if (ours in _MAGHREB) != (theirs in _MAGHREB) else _OTHER_TERRITORY
        case "en":
            if (ours == "GB" and theirs not in _UNITED_STATES) or (ours not in _UNITED_STATES and theirs == "GB"):
                return 3
            return 5 if (ours in _UNITED_STATES) != (theirs in _UNITED_STATES) else _OTHER_TERRITORY
    if ours in _LATIN_AMERICA and theirs == "419":
        return 1
    if wanted.language in ("es", "pt"):
        return 5 if (ours in _AMERICAS) != (theirs in _AMERICAS) else _OTHER_TERRITORY
    if (wanted.language, wanted.script) == ("zh", "Hant"):
        return 5 if (ours in _CHINESE_REGIONS) != (theirs in _CHINESE_REGIONS) else _OTHER_TERRITORY
    return _OTHER_TERRITORY


@lru_cache(maxsize=MAX_CACHED)
def locale_of(tag: str) -> Locale:
    """Returns language, script and territory of a tag in today's names, what is missing by CLDR's likely subtags.

    >>> locale_of("zh-TW"), locale_of("iw"), locale_of("en-Latn-x-mine")
    (Locale(language='zh', script='Hant', territory='TW'), Locale(language='he', script='Hebr', territory='IL'), \
Locale(language='en', script='Latn', territory='US'))
    """
    language, script, territory = _parts(tag)
    if (language, script, territory) == ("und", "", ""):
        # Its likely subtags are English ones; whoever names no language is not to be given English for it.
        return Locale("und", "Zzzz", "ZZ")
    language = _MACROLANGUAGES.get(language, language)
    for likely in (
        f"{language}-{script}-{territory}",
        f"{language}-{territory}",
        f"{language}-{script}",
        language,
        f"und-{script}",
    ):
        # An empty part leaves two hyphens or one at the end, which no key has.
        if (found := _LIKELY.get(likely)) is not None:
            filled = found.split("-")
            return Locale(filled[0] if language == "und" else language, script or filled[1], territory or filled[2])
    return Locale(language, script or "Latn", territory or "US")


def _parts(tag: str) -> tuple[str, str, str]:
    """Language, script and territory as the tag gives them; empty where it does not."""
    lower = tag.lower()
    subtags = _ALIASES.get(lower, lower).lower().split("-")
    language, script, territory = subtags[0] or "und", "", ""
    if (other := _ALIASES.get(language)) is not None:
        language, script, territory = _parts(other)
    for subtag in subtags[1:]:
        if len(subtag) == 3 and subtag.isalpha():
            # An extended language: zh-cmn is one language, and zh-yue another.
            language = _ALIASES.get(f"{language}-{subtag}", language).lower()
        elif len(subtag) == 4 and subtag.isalpha():
            script = subtag.title()
        elif (len(subtag) == 2 and subtag.isalpha()) or (len(subtag) == 3 and subtag.isdigit()):
            territory = _TERRITORIES.get(subtag, subtag.upper())
            break
        else:
            break
    return language, script, territory
