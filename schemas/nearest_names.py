"""Says which known name a person may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LISTED = 60


def nearest(name: str, known: Iterable[str]) -> str | None:
    """
    >>> nearest("recommended_clik_rate", ["recommended_click_rate", "click_rate"])
    'recommended_click_rate'
    """
    return next(iter(get_close_matches(name[:200], list(known), 1)), None)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says that `name` is not known.

    >>> suggestion("expnd", ["expand", "enrich"]), suggestion("x", ["expand", "enrich"])
    ('; did you mean expand?', '; there are enrich, expand')
    """
    names = sorted(known)
    if (close := nearest(name, names)) is not None:
        return f"; did you mean {close}?"
    return f"; there are {', '.join(names[:MAX_LISTED])}" + (", …" if len(names) > MAX_LISTED else "")
