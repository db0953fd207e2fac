"""Asks a model about one reader, as the job does, and says in words what it answers or why it is silent."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from models.announced.loading import LoadedModel
from models.isolation_forest.scorer import ForestScorer
from models.model_inputs import is_enough, is_unknown
from models.predictions.prediction import MIN_WORDS, ROUNDING, Silence, predict
from models.readable_numbers import readable
from schemas.model_cards import ModelCard

STRONGEST: Final = 5
"""Features of a detector's answer that are named."""

Numbers = Mapping[str, float | None]
Texts = Mapping[str, str | None]


class Answer(Struct):
    """What a model says of one reader.

    A length has `value` in words with its interval `low` to `high`, a tone `value` as a text; `confidence` is 0 to 1. Where the
    model is silent, `value` is None and `silence` says why. A detector has `score` and `threshold`, from which a window is odd;
    `strongest` has the contributions of its features to the score, the largest first. `unknown` lists inputs without a value.
    All fields are written: those that say nothing of this answer as null or empty.
    """

    value: int | str | None = None
    confidence: float | None = None
    low: float | None = None
    high: float | None = None
    silence: str | None = None
    scores: dict[str, float] = {}
    score: float | None = None
    threshold: float | None = None
    is_odd: bool | None = None
    strongest: dict[str, float] = {}
    unknown: list[str] = []


def answer(model: LoadedModel, numbers: Numbers, texts: Texts) -> Answer:
    """Asks about a reader of whom `numbers` and `texts` are known."""
    given = {**numbers, **texts}
    unknown = [name for name in model.card.features if is_unknown(given.get(name))]
    if model.scorer is None:
        return _verdict(model, numbers, texts, unknown)
    found = predict(model, numbers, texts)
    if isinstance(found, Silence):
        return Answer(silence=_why(model.card, found, given, unknown), scores=found.scores, unknown=unknown)
    return Answer(found.value, found.confidence, found.low, found.high, None, found.scores, unknown=unknown)


def _verdict(model: LoadedModel, numbers: Numbers, texts: Texts, unknown: list[str]) -> Answer:
    threshold = model.card.threshold
    assert threshold is not None, "cards of detectors are checked"
    row = model.inputs.row(numbers, texts)
    if model.forest is not None:
        score, parts = _forest(model.forest, row)
        known = dict(zip(model.card.features, parts, strict=True))
    else:
        assert model.anomaly is not None, "a detector is a forest or a combination"
        found = model.anomaly.explain(row)
        if found is None:
            return Answer(silence="nothing is known of this window", threshold=threshold, unknown=unknown)
        score = found.verdict.score
        known = {name: part for name, part in found.contributions[found.verdict.member].items() if part is not None}
    strongest = sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))[:STRONGEST]
    return Answer(
        score=score, threshold=threshold, is_odd=score >= threshold, strongest=dict(strongest), unknown=unknown
    )


def _forest(scorer: ForestScorer, row: Any) -> tuple[float, list[float]]:
    # A forest reads what is unknown as 0 (`to_feature_row`).
    row[row != row] = 0.0
    return scorer.explain(row)


def _why(card: ModelCard, found: Silence, given: Mapping[str, Any], unknown: list[str]) -> str:
    if found.reason == "unknown":
        return _why_unknown(card, found.about, unknown)
    if found.reason == "outside":
        assert found.about is not None, "an input is named"
        value = given[found.about]
        if found.about in card.categories:
            return f"{found.about} is {value!r}, which it has not learned; it has {', '.join(card.categories[found.about])}"
        low, high = card.ranges[found.about]
        seen = f"{readable(low)} to {readable(high)}"
        return f"outside the training range by {found.about}: {_beyond(value, low, high)}, trained on {seen}"
    if found.reason == "wide":
        half, limit = found.scores["length_half_width"], card.max_half_width
        allowed = "" if limit is None else f", {limit:g} are allowed"
        return f"the interval is too wide: {half:.0f} words on either side of {found.scores['length']:.0f}{allowed}"
    if found.reason == "short":
        return f"the interval ends below {MIN_WORDS} words, the shortest length: {found.scores['length']:.0f} words"
    if found.reason == "ambiguous":
        assert card.min_probability is not None, "announcements are checked"
        return _why_ambiguous(found.scores, card.min_probability)
    return "the model gave nothing that is a number, or too much"


def _beyond(value: float, low: float, high: float) -> str:
    """Returns a value outside of `low` to `high` with as many digits as it needs not to look like an end of them.

    >>> _beyond(3.2, 0.0, 0.59), _beyond(0.59000001, 0.0, 0.59)
    ('3.2', '0.59000001')
    """
    text = readable(value)
    return f"{value!r}" if text in (readable(low), readable(high)) else text


def _why_ambiguous(scores: Mapping[str, float], limit: float) -> str:
    """
    >>> _why_ambiguous({"tone_formal": 0.1504, "tone_neutral": 0.8496}, 0.8499)
    'not exactly one tone is at least 0.8499 probable: neutral 0.8496, formal 0.1504'
    """
    shares = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    below = [share for _, share in shares if share < limit - ROUNDING]
    # As many digits as tell each probability below the limit from it.
    digits = next((each for each in range(2, 6) if all(round(share, each) < round(limit, each) for share in below)), 6)
    names = ", ".join(f"{name.removeprefix('tone_')} {share:.{digits}f}" for name, share in shares)
    return f"not exactly one tone is at least {limit:.{digits}f} probable: {names}"


def _why_unknown(card: ModelCard, about: str | None, unknown: list[str]) -> str:
    assert about is not None, "an input is named"
    share, of = card.unknown_shares.get(about), card.training_rows
    if share is not None and of is not None and not is_enough(round(share * of), of):
        return f"{about} is unknown; {round(share * of):,} of {of:,} training rows lacked it"
    return (
        f"{', '.join(unknown)} are unknown at once, and in training hardly ever more than {card.unknown_at_once} were"
    )
