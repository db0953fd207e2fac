"""A rule's own counter: how many events of a kind a session has had within a time."""

from models.rules.matchers import EventMatcher
from schemas.rules import OwnFeature


class OwnCounter:
    """`key` names its value among the signals: the matcher's and the time, so that equal counters of two rules are one."""

    def __init__(self, feature: OwnFeature, field: str) -> None:
        self.name = feature.name
        self.matcher = EventMatcher(feature.count.event, feature.count.where, f"{field}.count.where")
        self.within_ms = feature.within_s * 1000
        self.key = f"{self.matcher.key}:{self.within_ms}"
