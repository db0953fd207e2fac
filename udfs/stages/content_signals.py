"""Adds to the signals what the catalogue says of the item that a reader is looking at."""

from models.content_catalogue import ContentCatalogue
from models.reading_context import better_language, is_in_region, languages_of
from udfs.stages.evaluation import Evaluation


def add_content_signals(
    evaluation: Evaluation,
    catalogue: ContentCatalogue,
    content_id: str | None,
    country: str | None = None,
    language: str | None = None,
    languages: str | None = None,
) -> None:
    """Nothing is added of an item that the catalogue does not know."""
    if content_id is None or not len(catalogue):
        return
    item = catalogue.get(content_id)
    if item is None:
        return
    signals = evaluation.signals
    signals.attributes["content_language"] = item.language
    scalars = signals.scalars
    if item.words is not None:
        scalars["content_words"] = float(item.words)
    if item.level is not None:
        scalars["content_level"] = item.level
    if (is_in := is_in_region(item, country)) is not None:
        scalars["content_in_region"] = float(is_in)
    wanted = languages_of(language, languages)
    if wanted and item.languages():
        evaluation.language = better_language(item, wanted)
        scalars["has_reader_language"] = float(evaluation.language is not None)
