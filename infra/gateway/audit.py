"""The audit log: who read, changed or tried what, as lines of the logger `microadjust.audit`."""

import logging
from hashlib import sha256
from typing import Final

from infra.gateway.auth.operators import Operator
from infra.gateway.client_address import anonymize_ip
from infra.gateway.request_context import current_request

_log: Final = logging.getLogger("microadjust.audit")


def audit(action: str, operator: Operator | None = None, outcome: str = "done", **about: str | int) -> None:
    """Logs an action. A person is to be given as `person_hash` makes it: the log must not keep what an erasure removes."""
    address = current_request().address
    fields = {
        "action": action,
        "operator": None if operator is None else operator.name,
        "outcome": outcome,
        "network": anonymize_ip(address.partition("/")[0]),
        **about,
    }
    _log.info("%s by %s: %s", action, fields["operator"] or "nobody known", outcome, extra={"fields": fields})


def person_hash(user_id: str) -> str:
    """Returns a hash by which lines about one person can be found by who knows the id."""
    return sha256(user_id.encode("utf-8", "replace")).hexdigest()[:16]
