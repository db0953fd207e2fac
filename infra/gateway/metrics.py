"""Every figure the gateway counts: the one list of names, kinds and meanings."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter("microadjust_collector_requests", "Requests with events, by answer.", ("path", "status"))
EVENTS: Final = Counter(
    "microadjust_collector_events", "Events by what became of them: accepted, duplicate, rejected.", ("source", "fate")
)
REJECTED: Final = Counter("microadjust_collector_rejected", "Refused events by reason.", ("reason",))
SECONDS: Final = Histogram(
    "microadjust_collector_seconds",
    "From a request with events to its answer, Kafka's acknowledgement included.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)
BOTS: Final = Counter("microadjust_collector_bots", "Events whose user agent names a bot.")
WAITING: Final = Gauge("microadjust_log_waiting_events", "Records handed to Kafka and not acknowledged.")
TICKS: Final = Counter("microadjust_ticks", "Tick records written.")
WEBHOOKS: Final = Counter("microadjust_webhooks", "Webhooks by verdict.", ("source", "verdict"))
REDIS_DOWN: Final = Counter("microadjust_redis_failures", "Questions to Redis that had no answer in time.")
PUSH_CLIENTS: Final = Gauge("microadjust_push_clients", "Pages and CMSs that listen for commands.")
PUSH_SENT: Final = Counter("microadjust_push_sent", "Commands handed to clients' connections.")
PUSH_CUT: Final = Counter("microadjust_push_cut", "Clients cut because they did not read.")
PUSH_REPEATS: Final = Counter("microadjust_push_repeats", "Commands dropped because their id had come before.")
PUSH_REFUSED: Final = Counter("microadjust_push_refused", "Connections refused before they began, by rule.", ("rule",))
