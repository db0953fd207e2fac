"""Rows of the event lane are read by place: what an older job wrote has fewer of them."""

from infra.backtest.crossing import event_row
from models.reading_context import CONTEXT_TEXTS
from schemas.events import Context, Event
from udfs.crossing_rows import EVENT_TEXTS, TriggerEvent

TOLD = Context(
    os="Linux",
    browser="Firefox",
    country="AT",
    region="9",
    language="de",
    languages="de,en",
    timezone="Europe/Vienna",
    user_expertise="expert",
)
CLICK = Event("e1", "click", 1_800_000_000_000, 1_800_000_000_000, "anna", context=TOLD)


def test_each_text_of_the_context_crosses_to_its_own_name() -> None:
    _, numbers, texts = event_row(CLICK)
    event = TriggerEvent.from_crossing(numbers, texts)
    assert {name: getattr(event, name) for name in CONTEXT_TEXTS} == {
        name: getattr(TOLD, name) for name in CONTEXT_TEXTS
    }
    assert event.fields()["user_expertise"] == "expert"


def test_a_row_of_a_job_that_knew_no_experience_still_reads() -> None:
    _, numbers, texts = event_row(CLICK)
    assert EVENT_TEXTS[-1] == "context.user_expertise"
    before, now = (TriggerEvent.from_crossing(numbers, each) for each in (texts[:-1], texts))
    assert before == now._replace(user_expertise=None)
