"""Prints what the demo has shown: what was found, what had no cause, how fast, and whether every event is accounted for."""

from typing import Any, Final

from infra.cli.judge_commands import print_judgement
from infra.cli.output import out
from infra.kafka.accounting import Account
from infra.simulate.judging import Judgement

MAX_SHOWN: Final = 10
"""Commands without cause that are listed one by one."""


def print_summary(judgement: Judgement, fast_lane_ms: list[float], account: Account) -> None:
    out.print("\n[bold]planted changes, and the commands that answered them[/bold]")
    print_judgement(judgement)
    for line in judgement.unfounded[:MAX_SHOWN]:
        out.print(f"without cause: {line}", style="yellow", markup=False, soft_wrap=True)
    out.print(
        f"\n{account.sent} events = {account.used} used + {account.late} late + {account.duplicates} repeated + "
        f"{account.rejected} rejected" + (f" + {account.missing} MISSING" if account.missing else "")
    )
    if fast_lane_ms:
        out.print(
            f"event to command, through Kafka and Flink: p50 {quantile(fast_lane_ms, 0.5)} ms, "
            f"p99 {quantile(fast_lane_ms, 0.99)} ms ({len(fast_lane_ms)} commands)"
        )


def as_fields(judgement: Judgement) -> dict[str, Any]:
    """What the last line of the demo says of a judgement."""
    return {
        "precision": judgement.precision,
        "recall": judgement.recall,
        "without_cause": judgement.without_cause,
        "without_cause_per_reader_hour": judgement.per_reader_hour,
        "median_delay_s": judgement.median_delay_s,
    }


def quantile(values: list[float], share: float) -> float | None:
    """Returns the value below which that share of the values lies; None of no values.

    >>> quantile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
