"""Tables of the gateway's HTTP endpoints, from its OpenAPI document."""

from typing import Any, Final

from infra.docs.reference.markdown import code, table
from infra.gateway.rest.openapi import document

_SECURITY: Final = {"writeKey": "write key", "basic": "write key (Basic)", "bearer": "token"}


def endpoints() -> str:
    rows = []
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            rows.append(
                (code(f"{method.upper()} {path}"), operation["summary"], _credentials(operation), _success(operation))
            )
    return table(("endpoint", "does", "credentials", "success"), rows)


def problems() -> str:
    """Statuses that refuse, each with the meaning that most endpoints share."""
    found: dict[str, str] = {}
    for methods in document()["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and "Problem" in str(answer):
                    found.setdefault(status, answer["description"])
    return table(("status", "meaning"), sorted(found.items()))


def _credentials(operation: dict[str, Any]) -> str:
    return ", ".join(_SECURITY[name] for each in operation["security"] for name in each) or "none"


def _success(operation: dict[str, Any]) -> str:
    return ", ".join(status for status in operation["responses"] if status < "400")
