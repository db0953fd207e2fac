"""Writes the generated tables of the documentation: ``python -m infra.docs.generate [--check]``.

A page marks the place of a table by two comment lines; the text between them is generated, all other text is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.docs.reference import command_line, contracts, decisions, features, http, metrics, options, rules, security

DOCS: Final = Path(__file__).parent

BLOCKS: Final[dict[str, Callable[[], str]]] = {
    "adjust-options": options.adjust_options,
    "heatmap-options": options.heatmap_options,
    "gateway-settings": options.gateway_settings,
    "topics": contracts.topics,
    "event-types": contracts.event_types,
    "actions": contracts.actions,
    "rejection-reasons": contracts.rejection_reasons,
    "rule-fields": rules.rule_fields,
    "bounds": rules.bounds,
    "texts": rules.texts,
    "expression-variables": rules.expression_variables,
    "expression-functions": rules.expression_functions,
    "placeholders": rules.placeholders,
    "features": features.features,
    "endpoints": http.endpoints,
    "problems": http.problems,
    "metrics": metrics.metrics,
    "commands": command_line.commands,
    "kafka-settings": security.kafka_settings,
    "kafka-client-names": security.kafka_client_names,
    "redis-settings": security.redis_settings,
    "kafka-grants": security.kafka_grants,
    "decisions": decisions.decisions,
}
"""The function that writes each block, by the name that stands in its markers."""

_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rendered(page: str) -> str:
    """The page with fresh blocks. Raises `KeyError` for a block that nobody generates."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", page)


def marked(page: str) -> list[str]:
    """Names of the page's blocks.

    >>> marked("<!-- generated: topics -->\\n<!-- end -->")
    ['topics']
    """
    return [found[2] for found in _BLOCK.finditer(page)]


def stale(folder: Path = DOCS) -> list[Path]:
    """Pages whose blocks are not up to date."""
    return [path for path in sorted(folder.rglob("*.md")) if rendered(text := path.read_text("utf-8")) != text]


def main(arguments: list[str], folder: Path = DOCS) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")
    check = parser.parse_args(arguments).check
    for path in (found := stale(folder)):
        if check:
            page = path.relative_to(folder)
            print(f"infra/docs/{page} is stale; run `python -m infra.docs.generate`", file=sys.stderr)
        else:
            path.write_text(rendered(path.read_text("utf-8")), "utf-8")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
