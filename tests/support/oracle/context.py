"""Where and on what a reader reads, once more."""

from models.rules.signals import Signals
from schemas.events import Context

_INPUTS = {"mobile": "touch", "phone": "touch", "tablet": "touch", "desktop": "mouse", "tv": "remote"}


def add_context(signals: Signals, device: str | None, context: Context | None) -> None:
    """Adds what a context event told, and what the device tells of how the reader points."""
    signals.attributes |= {"device": device, "input": _INPUTS.get(device or "")}
    if context is None:
        return
    for name in ("os", "browser", "country", "region", "language", "timezone", "user_expertise"):
        signals.attributes[name] = getattr(context, name)
    for name in ("rtt_ms", "downlink_kbps", "save_data"):
        if (number := getattr(context, name)) is not None:
            signals.scalars[name] = float(number)
