"""Generates the events of one simulated reader from its habits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from infra.simulate.behaviours import NEVER_S, Habits, changed
from schemas.events import RECOMMENDED, Context, Event, EventType

CONTENTS: Final = {
    "news": tuple(f"news-{n}" for n in range(1, 13)),
    "sport": tuple(f"sport-{n}" for n in range(1, 9)),
    "culture": tuple(f"culture-{n}" for n in range(1, 9)),
    "science": tuple(f"science-{n}" for n in range(1, 7)),
}
HEARTBEAT_S: Final = 5.0
_DEVICES: Final = ("desktop", "desktop", "mobile", "tablet")
_LANGUAGES: Final = (("DE", "de"), ("GB", "en"), ("FR", "fr"), ("US", "en"))


@dataclass(slots=True)
class Plan:
    """What a reader is going to do. Times in seconds after the scenario's beginning."""

    session_id: str
    begins_s: float
    ends_s: float
    behaviour: str | None = None
    from_s: float = 0.0
    until_s: float = 0.0
    habits: Habits = field(default_factory=Habits)
    opens: tuple[str, str] | None = None
    """Content type and id of the first page, where that is fixed."""


class Reader:
    """Produces the events of one plan, in order of time. The same plan and seed give the same events."""

    def __init__(self, plan: Plan, begin_ms: int, seed: int) -> None:
        self._plan = plan
        self._begin_ms = begin_ms
        self._random = Random(f"{seed}:{plan.session_id}")
        self._count = 0
        country, language = self._random.choice(_LANGUAGES)
        self._context = Context(
            device=self._random.choice(_DEVICES),
            country=country,
            language=language,
            rtt_ms=self._random.randint(20, 120),
            downlink_kbps=self._random.randint(5_000, 50_000),
        )
        self._content = ("news", "news-1")
        self._home = self._random.sample([name for name in CONTENTS if name != "science"], 2)
        self._page_since_s = 0.0
        self._depth = 0.0

    def events(self) -> Iterator[Event]:
        plan = self._plan
        # A reader's own tempo, so that no two baselines are alike.
        tempo = self._random.uniform(0.85, 1.15)
        usual = replace(
            plan.habits,
            scroll_gap_s=plan.habits.scroll_gap_s * tempo,
            move_gap_s=plan.habits.move_gap_s * tempo,
            move_px=plan.habits.move_px * self._random.uniform(0.8, 1.2),
            hover_ms=plan.habits.hover_ms * self._random.uniform(0.8, 1.2),
        )
        unusual = changed(usual, plan.behaviour) if plan.behaviour else usual
        acts: dict[str, tuple[Callable[[Habits], float], Callable[[float, Habits], Iterator[Event]]]] = {
            "page": (lambda habits: habits.page_s, self._turn_page),
            "scroll": (lambda habits: habits.scroll_gap_s, self._scroll),
            "move": (lambda habits: habits.move_gap_s, self._move),
            "hover": (lambda habits: habits.hover_gap_s, self._hover),
            "click": (lambda habits: habits.click_gap_s, self._click),
            "heartbeat": (lambda _: HEARTBEAT_S, self._beat),
        }
        yield from self._open_page(plan.begins_s, usual, plan.opens)
        due = {name: plan.begins_s + self._gap(gap(usual)) for name, (gap, _) in acts.items()}
        turned = False
        while True:
            name = min(due, key=lambda each: (due[each], each))
            now_s = due[name]
            odd = plan.behaviour is not None and plan.from_s <= now_s < plan.until_s
            if odd and not turned:
                turned = True
                yield from self._change(plan)
                if plan.behaviour == "leaving":
                    return
                # A new habit shows at once, not after the old gap has run out.
                due = {each: plan.from_s + self._gap(gap(unusual)) for each, (gap, _) in acts.items()}
                continue
            if turned and not odd:
                turned = False
                plan = replace(plan, behaviour=None)
                due = {each: now_s + self._gap(gap(usual)) for each, (gap, _) in acts.items()}
                continue
            if now_s >= plan.ends_s:
                break
            gap, act = acts[name]
            habits = unusual if odd else usual
            yield from act(now_s, habits)
            due[name] = now_s + (HEARTBEAT_S if name == "heartbeat" else self._gap(gap(habits)))
        yield from self._leave_page(plan.ends_s)

    def _gap(self, mean_s: float) -> float:
        return NEVER_S if mean_s >= NEVER_S else mean_s * self._random.uniform(0.5, 1.5)

    def _event(self, kind: EventType, at_s: float, **more: Any) -> Event:
        occurred = self._begin_ms + round(at_s * 1000)
        self._count += 1
        content_type, content_id = self._content
        return Event(
            event_id=f"{self._plan.session_id}-{self._count}",
            type=kind,
            occurred_at_ms=occurred,
            received_at_ms=occurred + self._random.randint(15, 90),
            session_id=self._plan.session_id,
            **{"content_id": content_id, "content_type": content_type, **more},
        )

    def _change(self, plan: Plan) -> Iterator[Event]:
        if plan.behaviour == "slow_network":
            slow = Context(device="mobile", rtt_ms=self._random.randint(700, 1800), downlink_kbps=300)
            yield self._event("context", plan.from_s, context=slow)
        if plan.behaviour == "captivated":
            yield from self._turn_page(plan.from_s, changed(plan.habits, "captivated"))

    def _open_page(self, at_s: float, habits: Habits, page: tuple[str, str] | None = None) -> Iterator[Event]:
        kind = habits.favourite or self._random.choice(self._home)
        self._content = page or (kind, self._random.choice(CONTENTS[kind]))
        self._page_since_s, self._depth = at_s, 0.0
        yield self._event("page_view", at_s, context=self._context)

    def _leave_page(self, at_s: float) -> Iterator[Event]:
        yield self._event("page_hide", at_s, value=float(round((at_s - self._page_since_s) * 1000)))

    def _turn_page(self, at_s: float, habits: Habits) -> Iterator[Event]:
        yield from self._leave_page(at_s)
        yield from self._open_page(at_s, habits)

    def _scroll(self, at_s: float, habits: Habits) -> Iterator[Event]:
        self._depth = min(1.0, self._depth + habits.scroll_step * self._random.uniform(0.6, 1.4))
        yield self._event("scroll", at_s, value=round(self._depth, 3))

    def _move(self, at_s: float, habits: Habits) -> Iterator[Event]:
        yield self._event("move", at_s, value=float(round(habits.move_px * self._random.uniform(0.6, 1.4))))

    def _hover(self, at_s: float, habits: Habits) -> Iterator[Event]:
        yield self._event("hover", at_s, value=float(round(habits.hover_ms * self._random.uniform(0.6, 1.4))))

    def _click(self, at_s: float, habits: Habits) -> Iterator[Event]:
        if self._random.random() >= habits.recommended_share:
            yield self._event("click", at_s, element="nav", placement="menu")
            return
        kind = habits.favourite or self._random.choice(self._home)
        wanted = self._random.choice(CONTENTS[kind])
        yield self._event("click", at_s, element="teaser", placement=RECOMMENDED, content_id=wanted, content_type=kind)

    def _beat(self, at_s: float, habits: Habits) -> Iterator[Event]:
        # A glance at another subject now and then: its baseline is small, not empty.
        if self._random.random() < habits.engaged_share:
            yield self._event("heartbeat", at_s, value=HEARTBEAT_S * 1000)
        elif self._random.random() < 0.4 and habits.favourite is None and habits.engaged_share >= 0.6:
            yield self._event("heartbeat", at_s, value=500.0, content_id="science-1", content_type="science")
