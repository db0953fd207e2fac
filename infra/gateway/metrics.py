"""Declares the gateway's metrics: the one list of names, kinds and meanings."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "microadjust_collector_requests", "Requests that carry events, by HTTP status.", ("path", "status")
)
EVENTS: Final = Counter(
    "microadjust_collector_events", "Events by outcome: accepted, duplicate or rejected.", ("source", "fate")
)
REJECTED: Final = Counter("microadjust_collector_rejected", "Rejected events by reason.", ("reason",))
SECONDS: Final = Histogram(
    "microadjust_collector_seconds",
    "From a request that carries events to its response, Kafka's acknowledgement included.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)
BOTS: Final = Counter("microadjust_collector_bots", "Events whose user agent names a bot.")
REJECTED_UNSTORED: Final = Counter(
    "microadjust_collector_rejected_unstored", "Rejected events without a record of their own in rejected.v1.", ("why",)
)
RESPONSES: Final = Counter(
    "microadjust_http_responses",
    "Responses by route, method and status; 500 counts an error of the gateway itself.",
    ("route", "method", "status"),
)
CONNECTIONS: Final = Gauge("microadjust_http_connections", "Open connections, WebSockets included.")
CONNECTIONS_REFUSED: Final = Counter(
    "microadjust_http_connections_refused",
    "Connections closed at once because of a limit: address or total.",
    ("limit",),
)
LIMITED: Final = Counter(
    "microadjust_collector_limited",
    "Requests refused because an address or a source sent too much, by what was too much.",
    ("what",),
)
UNAUTHORIZED: Final = Counter(
    "microadjust_operator_refused",
    "Requests of operators refused: wrong token, missing role, too many guesses.",
    ("why",),
)
KAFKA_BLOCKED: Final = Gauge(
    "microadjust_kafka_blocked_partitions", "Partitions that do not acknowledge in time.", ("topic",)
)
LATE: Final = Counter(
    "microadjust_collector_late", "Events accepted more than 2 s after they occurred: no command follows.", ("source",)
)
NOTED: Final = Counter("microadjust_collector_noted", "Accepted events that carry a note: late, or a field was odd.")
WAITING: Final = Gauge("microadjust_log_waiting_events", "Records sent to Kafka and not yet acknowledged.")
TICKS: Final = Counter("microadjust_ticks", "Tick records written.")
WEBHOOKS: Final = Counter("microadjust_webhooks", "Webhooks by verdict.", ("source", "verdict"))
REDIS_DOWN: Final = Counter("microadjust_redis_failures", "Redis calls that failed or timed out.")
RECENT_MISSED: Final = Counter(
    "microadjust_recent_actions_missed",
    "Requests answered before Redis had the actions in them, or without storing them.",
)
PUSH_CLIENTS: Final = Gauge("microadjust_push_clients", "Connected push clients: pages and CMSs.")
PUSH_SENT: Final = Counter("microadjust_push_sent", "Commands written to push connections.")
PUSH_CUT: Final = Counter("microadjust_push_cut", "Push clients disconnected because they did not read.")
PUSH_REPEATS: Final = Counter("microadjust_push_repeats", "Commands dropped as repeats of a command id.")
PUSH_REFUSED: Final = Counter(
    "microadjust_push_refused", "Push connections refused before the handshake, by rule.", ("rule",)
)
