"""The rules of the file that ships with the job."""

from functools import cache

from models.model_store import BUNDLED
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import Rule, parse_rule_file


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """Returns the rules that a job without `--rules-file` has in force, unless rules.v1 overrides them."""
    return tuple(parse_rule_file((BUNDLED / "rules.yaml").read_text(), KNOWN_FEATURES))
