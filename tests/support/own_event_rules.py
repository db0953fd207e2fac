"""Rules that count, follow sequences and wait for silence, and the events of the sample that they look at."""

import msgspec

from infra.simulate.recording import SAMPLE, records

OWN_EVENT_RULES = """
rules:
  - id: three-clicks-on-news
    version: 1
    about: Three clicks on news within half a minute.
    lane: event
    features:
      - {name: news_clicks, count: {event: click, where: 'page_url.startsWith("/news")'}, within_s: 30}
    when: [{feature: news_clicks, above: 2}]
    then: {action: expand, parameters: {variant: detailed}}
    cooldown_s: 5
  - id: two-pages
    version: 1
    about: Two pages opened within a minute, seen at page views alone.
    lane: event
    features: [{name: opened, count: {event: page_view}, within_s: 60}]
    when: [{feature: opened, above: 1}, {event: type, equals: page_view}]
    then: {action: simplify_layout, parameters: {density: low}}
    cooldown_s: 5
  - id: page-then-two-clicks
    version: 1
    about: A page, and two clicks on recommended content.
    lane: event
    sequence: [page_view, 'type == "click" && placement == "recommended"', click]
    without: page_hide
    within_s: 40
    then: {action: reorder, parameters: {order: $recent_contents}}
    cooldown_s: 5
  - id: no-click
    version: 1
    about: A page, and no click for a while.
    lane: event
    sequence: [page_view]
    without: 'type in ["click", "page_hide"]'
    within_s: 20
    then: {action: lighten_media, parameters: {images: small}}
    cooldown_s: 5
"""
KINDS = ("page_view", "page_hide", "click", "context")


def events_with_addresses() -> list[bytes]:
    """The few events of the sample that the fast lane sees, each with the address of its page."""
    found = []
    for record in records(SAMPLE):
        try:
            event = msgspec.json.decode(record)
        except msgspec.DecodeError:
            continue
        if event.get("type") in KINDS and isinstance(event.get("content_id"), str):
            found.append(msgspec.json.encode(event | {"page_url": f"/{event['content_id'].replace('-', '/')}"}))
    return found
