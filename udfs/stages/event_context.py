"""Adds to the signals of a trigger event where and on what the reader reads, and what is known of the item."""

from models.content_catalogue import ContentCatalogue
from models.reading_context import CONTEXT_TEXTS, input_of
from udfs.stages.content_signals import add_content_signals
from udfs.stages.evaluation import EventEvaluation


def add_event_context(evaluation: EventEvaluation, catalogue: ContentCatalogue) -> None:
    """Numbers that the event does not give are NaN, and meet no condition."""
    event, attributes, scalars = evaluation.event, evaluation.signals.attributes, evaluation.signals.scalars
    attributes["device"] = event.device
    attributes["input"] = input_of(event.device)
    for name in CONTEXT_TEXTS:
        attributes[name] = getattr(event, name)
    scalars["rtt_ms"] = event.rtt_ms
    scalars["downlink_kbps"] = event.downlink_kbps
    scalars["save_data"] = event.saves_data
    add_content_signals(evaluation, catalogue, event.content_id, event.country, event.language, event.languages)
