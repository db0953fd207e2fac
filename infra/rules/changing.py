"""Changes rules: puts, deletes and takes back versions, each with who did it and from where."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from infra.rules.rule_topics import RuleTopics
from infra.rules.shipped import shipped_rules
from schemas.rule_history import ChangedVia, ChangeKind, RuleChange
from schemas.rules import Rule, RuleError


class VersionError(RuleError):
    """The version of a changed rule has not risen."""


class UnknownRuleError(RuleError):
    """There is no such rule, or no such version of it."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes rules: `by` a user or operator, at `host`."""

    by: str
    host: str
    via: ChangedVia


class RuleChanger:
    """Changes the rules of a system in one author's name. Raises `RuleError` and `StreamError`."""

    def __init__(self, topics: RuleTopics, author: Author) -> None:
        self._topics, self._author = topics, author

    def plan_put(self, rules: Iterable[Rule], bump: bool = False, kind: ChangeKind = "put") -> list[RuleChange]:
        """Returns the changes that put these rules; a rule that stands so already needs none.

        The version must be higher than any that the rule has had, as far as topic, history and bundled file tell, since
        commands name it. `bump` raises it where it is not. Raises `VersionError` with all that have not risen.
        """
        on_topic, history = self._topics.rules().rules, self._topics.changes()
        shipped = {rule.id: rule for rule in shipped_rules()}
        changes, problems = [], []
        for rule in rules:
            if on_topic.get(rule.id) == rule:
                continue
            before = [on_topic.get(rule.id), *(each.rule for each in history.get(rule.id, ()))]
            known = [each.version for each in before if each is not None]
            if rule.id in shipped and shipped[rule.id] != rule:
                known.append(shipped[rule.id].version)
            highest = max(known, default=0)
            if rule.version <= highest:
                if not bump:
                    problems.append(
                        f"rule {rule.id}: version: {rule.version} is not higher than {highest}, which the rule has had; "
                        f"give {highest + 1}, or --bump"
                    )
                    continue
                rule = msgspec.structs.replace(rule, version=highest + 1)
            changes.append(self._change(rule.id, kind, rule))
        if problems:
            raise VersionError("\n".join(problems))
        return changes

    def plan_delete(self, rule_id: str) -> list[RuleChange]:
        """Raises `UnknownRuleError` where rules.v1 has no record of that id."""
        standing = self._topics.rules()
        if rule_id not in standing.rules and rule_id not in standing.broken:
            raise UnknownRuleError(f"there is no rule {rule_id} on {self._topics.prefix}rules.v1")
        return [self._change(rule_id, "delete", None)]

    def plan_rollback(self, rule_id: str, to: int | None = None) -> list[RuleChange]:
        """Returns the change that puts an earlier text with a new version: that of version `to`, or the one before the newest."""
        changes = self._topics.history(rule_id)
        texts = {each.rule.version: each.rule for each in changes if each.rule is not None}
        shipped = next((rule for rule in shipped_rules() if rule.id == rule_id), None)
        if shipped is not None:
            texts = {shipped.version: shipped} | texts
        newest = self._topics.rules().rules.get(rule_id)
        if to is None:
            earlier = [rule for rule in texts.values() if newest is None or _text(rule) != _text(newest)]
            if not earlier:
                raise UnknownRuleError(f"rule {rule_id}: the history holds no other text to go back to")
            wanted = earlier[-1]
        else:
            found = texts.get(to)
            if found is None:
                known = ", ".join(str(version) for version in sorted(texts))
                raise UnknownRuleError(f"rule {rule_id}: there is no version {to}; the history holds {known or 'none'}")
            wanted = found
        return self.plan_put([wanted], bump=True, kind="rollback")

    def write(self, changes: Sequence[RuleChange]) -> None:
        self._topics.write(list(changes))

    def _change(self, rule_id: str, kind: ChangeKind, rule: Rule | None) -> RuleChange:
        author = self._author
        version = None if rule is None else rule.version
        now_ms = time.time_ns() // 1_000_000
        return RuleChange(rule_id, version, kind, now_ms, author.by, author.host, author.via, rule)


def _text(rule: Rule) -> Rule:
    """The rule but for its version."""
    return msgspec.structs.replace(rule, version=1)
