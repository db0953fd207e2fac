"""Whether a content item has what an action would show."""

from collections.abc import Mapping
from typing import Any, Final

from models.content_item import ContentItem
from models.language_tags.matching import lookup
from schemas.actions import ACTIONS

VARIANT_ACTIONS: Final = frozenset(
    name for name, action in ACTIONS.items() if any(each.name == "variant" for each in action.parameters)
)
"""Actions that show another variant of the text. `localise` shows another language, the rest no other text."""

SHOWING_ACTIONS: Final = VARIANT_ACTIONS | {"localise"}
"""Actions that need something of the item."""


def lack(item: ContentItem | None, action: str, parameters: Mapping[str, Any], is_required: bool) -> str | None:
    """Says what the item lacks for the action, in words; None where it has it, or where nothing is known of that.

    `is_required`: what is not known is lacking. A change to a `part` of the text is an editor's work and needs no variant.
    """
    if action == "localise":
        language = parameters.get("language")
        return None if not isinstance(language, str) else _language_lack(item, language, is_required)
    if action not in VARIANT_ACTIONS or parameters.get("part") is not None:
        return None
    if item is None or item.variants is None:
        return "what variants the item has is not known" if is_required else None
    wanted = wanted_variant(action, parameters)
    if any(each.variant == wanted for each in item.variants):
        return None
    if action == "set_length" and parameters.get("variant") is None and any(each.words for each in item.variants):
        # A CMS chooses the nearest length by itself.
        return None
    return f"the item has no variant {wanted}"


def wanted_variant(action: str, parameters: Mapping[str, Any]) -> str:
    """The variant that a page shows: the one named, else the one of that tone, else the one called like the action.

    As `infra/tracker/src/adapters.js` has it.

    >>> wanted_variant("set_tone", {"tone": "dry"}), wanted_variant("expand", {})
    ('dry', 'expand')
    """
    for name in ("variant", "tone"):
        if (named := parameters.get(name)) is not None:
            return str(named)
    return action


def _language_lack(item: ContentItem | None, language: str, is_required: bool) -> str | None:
    if item is not None and lookup((language,), item.languages()) is not None:
        return None
    if item is None or item.variants is None:
        return "what languages the item has is not known" if is_required else None
    return f"the item has no version in {language}"
