"""Tables of the jobs' options and of the gateway's settings."""

import ast
import inspect
from dataclasses import fields
from typing import Any, Final

from infra.docs.reference.markdown import code, table
from infra.gateway import settings
from infra.settings import PREFIX
from jobs.config import AdjustConfig, HeatmapConfig

_ABOUT: Final = {
    "host": "Address to listen at.",
    "port": "Port to listen at.",
    "bootstrap": "Kafka's bootstrap servers.",
    "redis_url": "Address of Redis.",
    "topics_prefix": "Text before the name of every topic.",
    "token_secrets": "Secrets that sign push tokens, comma separated; the first signs, all verify.",
    "console_token": "The operator's token: it reads everything.",
    "webhooks": "Webhook sources: `source=kind:secret|older-secret`, comma separated; kind `standard`, `segment` or `pendo`.",
    "write_keys": "Write keys by source: `source:key`, comma separated.",
    "ticks": "Whether the gateway writes a tick to each partition of events.v1 every second.",
    "queued_bytes": "Size of the events handed to Kafka and not acknowledged; beyond that the answer is 503.",
    "ip_requests_per_s": "Requests a second from one address; beyond that the answer is 429.",
    "ip_burst": "Requests of one address that may come at once.",
    "key_events_per_s": "Events a second with one write key; beyond that the answer is 429.",
    "key_burst": "Events with one write key that may come at once.",
}
"""Settings whose declaration has no text of its own."""

_DERIVED: Final = ("random", "generated")
"""Fields that nobody sets."""


def adjust_options() -> str:
    return _options(AdjustConfig)


def heatmap_options() -> str:
    return _options(HeatmapConfig)


def gateway_settings() -> str:
    texts = _field_texts(settings.Settings) | _ABOUT
    return table(
        ("variable", "default", "meaning"),
        [
            (code(variable(each.name)), code(_default(each.default)), texts[each.name])
            for each in fields(settings.Settings)
            if each.name not in _DERIVED
        ],
    )


def variable(name: str) -> str:
    """The environment variable of a setting of the gateway."""
    return settings._OTHER_NAMES.get(name, PREFIX + name.upper())  # noqa: SLF001


def _options(config: Any) -> str:
    rows = []
    for each in fields(config):
        choices = each.metadata["choices"]
        about = each.metadata["about"] + (f" ({', '.join(choices)})" if choices else "")
        rows.append((code(each.name), code(each.default), about))
    return table(("option", "default", "meaning"), rows)


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def _field_texts(cls: type) -> dict[str, str]:
    """The text under each field of a class, by the field's name: Python itself drops them."""
    (body,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[ast.unparse(field.target)] = str(text.value.value)
    return texts
