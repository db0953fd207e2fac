"""Tells whether a short text is English: by its script, its function words, then the reader's browser."""

from typing import Final

from models.language.text_counts import words_of

MIN_LATIN: Final = 0.9
"""Share of ASCII letters among the letters, from which a text can be English."""

FUNCTION_WORDS: Final = {
    "en": "the and this that these those it it's its i i'm i've you your with for are aren't not but have haven't has my they"
    " their what would there how why too very can't cannot don't didn't doesn't isn't wasn't won't just from been which will when"
    " than could should because where were",
    "de": "der die das und ist nicht ich ein eine einen zu mit auf für von auch es sich dem den aber wie nur sehr wird sind war",
    "fr": "le la les et est une un des du je ne pas que qui pour dans sur avec c'est trop très mais cette ce il elle vous nous",
    "es": "el la los las y es una un de que por para con muy pero esta este como más está yo lo del al se su mi nada",
    "it": "il la gli e è una un di che non per con molto ma questo questa sono come più mi lo del si troppo",
    "nl": "de het een en is niet ik van te dat die voor met zijn maar ook wel dit er heel erg naar wat geen",
    "pt": "o a os as e é uma um de que não para com muito mas este esta isso como mais eu do da em se",
    "sv": "och att det som en ett är inte jag på för med av den till men så om var kan mycket",
    "da": "og at det som en et er ikke jeg på for med af den til men så om var kan meget",
    "pl": "i w z na nie to jest że się do jak ale co tak bardzo jestem dla ten tego",
}
"""Those of English are no words of the others, or are seldom used there; a word that stands in two lists counts as English."""

_ENGLISH: Final = frozenset(FUNCTION_WORDS["en"].split())
_OTHERS: Final = [frozenset(words.split()) - _ENGLISH for name, words in FUNCTION_WORDS.items() if name != "en"]


def is_english(text: str, browser_language: str | None) -> bool:
    """Whether to read the text as English.

    Not where more than a tenth of its letters stand outside ASCII. Else the language whose function words it has most of; on a
    tie, which is most often a text without any, the browser's (`context.language`, BCP 47).

    >>> is_english("It is far too long", "de"), is_english("Das ist zu lang", "en"), is_english("Great!", "en-GB")
    (True, False, True)
    """
    letters = sum(map(str.isalpha, text))
    latin = sum(each.isascii() and each.isalpha() for each in text)
    if letters and latin < MIN_LATIN * letters:
        return False
    words = [word.lower().replace("’", "'") for word in words_of(text)]
    english = sum(word in _ENGLISH for word in words)
    other = max(sum(word in known for word in words) for known in _OTHERS)
    if english != other:
        return english > other
    return (browser_language or "").lower().partition("-")[0].partition("_")[0] == "en"
