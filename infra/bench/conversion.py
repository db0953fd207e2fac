"""Measures the conversion of a crossing row: PyFlink's converters beside ours. `.venv/bin/python -m infra.bench.conversion`

Without Flink: the rows are what the bridge hands over, a session's window and a click.
"""

import json
import sys
from types import SimpleNamespace
from typing import Any

from infra.bench.forest import cost_us
from udfs import crossing_rows
from udfs.runtime.pyflink_patches import row_conversion

CALLS, REPEATS = 20_000, 9

WINDOW = ("session", [1.0] * (len(crossing_rows.SESSION_NUMBERS) + 39), ("text",) * len(crossing_rows.SESSION_TEXTS))
CLICK = ("event", [1.0] * len(crossing_rows.EVENT_NUMBERS), ("text",) * len(crossing_rows.EVENT_TEXTS))


def converter(of: Any) -> Any:
    """The converter that PyFlink makes for `jobs.java.keying.pairs(jobs.java.keying.ROW)`."""
    same = of.IdentityDataConverter()
    value = of.RowDataConverter([same, same, of.ArrayDataConverter(same)], ["f0", "f1", "f2"])
    return of.RowDataConverter([same, value], ["f0", "f1"])


def main() -> None:
    # The converters ask the bridge for three Java classes on import and use none of them for rows.
    sys.modules.setdefault("pemja", SimpleNamespace(findClass=lambda name: name))  # type: ignore[arg-type]
    from pyflink.fn_execution.embedded import converters

    def cost(value: Any) -> dict[str, float]:
        take, row = converter(converters).to_internal, (0, ("key", (0, value)))
        return cost_us(lambda _: take(row), CALLS, REPEATS)

    def costs() -> dict[str, Any]:
        return {"session_window": cost(WINDOW), "click": cost(CLICK)}

    pyflinks = costs()
    row_conversion.apply()
    print(json.dumps({"pyflink_us": pyflinks, "patched_us": costs()}, indent=2))


if __name__ == "__main__":
    main()
