"""The actions that a rule or model can ask for: one declaration each, with parameters, exclusive group and adapter."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

from schemas.action_frequency import Frequency, frequency_of

ActionName = Literal[
    "simplify",
    "shorten",
    "expand",
    "enrich",
    "visualise",
    "reorder",
    "highlight_related",
    "lighten_media",
    "simplify_layout",
    "localise",
    "set_length",
    "set_tone",
    "refresh_recommendations",
    "prompt",
    "revert",
]

ParameterKind = Literal["text", "integer", "boolean", "texts"]
ExclusiveGroup = Literal["text", "layout", "media", "order", "prompt", "language"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an action. Without a required one an adapter changes nothing; a CMS's own handler may do without."""

    name: str
    kind: ParameterKind
    example: str | int | bool | tuple[str, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of change.

    Of the actions of one `exclusive_group` only one can be in force for a target. `impact` and `complexity` run from 1 to 5:
    how much a reader notices, and how much a CMS has to prepare. `adapter` says how the page's client carries it out: by
    showing another variant of the same text, or in a way of its own (`infra/tracker/src/adapters.js`).
    """

    name: ActionName
    text: str
    parameters: tuple[Parameter, ...]
    exclusive_group: ExclusiveGroup | None
    impact: int
    complexity: int
    revertible: bool
    adapter: Literal["variant", "own"]

    @property
    def matrix_priority(self) -> int:
        """Priority, 0..100, by the impact x complexity matrix: what readers notice and a CMS need hardly prepare comes first."""
        return 4 * self.impact * (6 - self.complexity)

    @property
    def frequency(self) -> Frequency:
        """How often it may come where a rule names no cooldown, by the same matrix."""
        return frequency_of(self.impact, self.complexity)


def _variant(name: ActionName, text: str, example: str, impact: int, complexity: int, *more: Parameter) -> Action:
    """An action that shows another variant of the same text: the one named, else the one called like the action."""
    parameters = (Parameter("variant", "text", example), *more)
    return Action(name, text, parameters, "text", impact, complexity, True, "variant")


ACTIONS: Final[dict[str, Action]] = {
    action.name: action
    for action in (
        _variant("simplify", "Show a version in simpler words.", "simple", 4, 3),
        _variant("shorten", "Show a shorter version.", "summary", 4, 3, Parameter("part", "text", "lead")),
        _variant("expand", "Show a longer version.", "long", 3, 3),
        _variant("enrich", "Show a version with more depth.", "detailed", 3, 4),
        _variant("visualise", "Show a version that explains by pictures.", "visual", 4, 5),
        Action(
            "reorder",
            "Put the named contents first in a list, then those of the named types.",
            (Parameter("order", "texts", ("article-7", "article-3")), Parameter("types", "texts", ("science",))),
            "order",
            impact=3,
            complexity=1,
            revertible=True,
            adapter="own",
        ),
        Action(
            "highlight_related",
            "Mark recommended contents of a category.",
            (Parameter("category", "text", "science", required=True),),
            None,
            impact=2,
            complexity=1,
            revertible=True,
            adapter="own",
        ),
        Action(
            "lighten_media",
            "Load lighter images and films.",
            (Parameter("images", "text", "small"), Parameter("autoplay", "boolean", False)),
            "media",
            impact=2,
            complexity=2,
            revertible=True,
            adapter="own",
        ),
        Action(
            "simplify_layout",
            "Show fewer things around the text.",
            (Parameter("density", "text", "low"),),
            "layout",
            impact=3,
            complexity=2,
            revertible=True,
            adapter="own",
        ),
        Action(
            "localise",
            "Show the version in a language (BCP 47).",
            (Parameter("language", "text", "fr", required=True),),
            "language",
            impact=5,
            complexity=4,
            revertible=True,
            adapter="own",
        ),
        _variant(
            "set_length",
            "Show a version of about so many words.",
            "450",
            4,
            4,
            Parameter("length_words", "integer", 450),
        ),
        _variant(
            "set_tone", "Show a version in another tone.", "friendly", 3, 4, Parameter("tone", "text", "friendly")
        ),
        Action(
            "refresh_recommendations",
            "Fetch recommendations anew; a CMS's own handler does it.",
            (),
            "order",
            impact=2,
            complexity=2,
            revertible=False,
            adapter="variant",
        ),
        Action(
            "prompt",
            "Ask the reader something, in a box of the page's own.",
            (Parameter("kind", "text", "still-reading", required=True), Parameter("text", "text", "Still there?")),
            "prompt",
            impact=5,
            complexity=1,
            revertible=True,
            adapter="own",
        ),
        Action(
            "revert",
            "Undo the command that `reverts` names.",
            (),
            None,
            impact=2,
            complexity=1,
            revertible=False,
            adapter="own",
        ),
    )
}


LIKENESS: Final = 0.75
"""Of two names, from which on the one is taken for a slip of the pen for the other (difflib's ratio)."""

_EXPECTED: Final[dict[ParameterKind, str]] = {
    "text": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "texts": "a list of texts",
}


def parameter_problem(action: str, parameters: Mapping[str, Any]) -> str | None:
    """The name of the first parameter whose type is wrong, and what was expected; None if there is none.

    Parameters that the registry does not know are the CMS's own business, unless they are nearly called like one that it knows
    and that is not given. A text with a $ in front is a placeholder.

    >>> parameter_problem("localise", {"language": False})
    'language: expected a text such as "fr", found False'
    >>> parameter_problem("localise", {"langauge": "fr"})
    'langauge: is not known for localise; did you mean language?'
    """
    missing = [each.name for each in ACTIONS[action].parameters if each.name not in parameters]
    known = {each.name for each in ACTIONS[action].parameters}
    for name in parameters:
        if name not in known and (close := next(iter(get_close_matches(name, missing, 1, LIKENESS)), None)) is not None:
            return f"{name}: is not known for {action}; did you mean {close}?"
    for parameter in ACTIONS[action].parameters:
        value = parameters.get(parameter.name)
        if value is None or (isinstance(value, str) and value.startswith("$")) or _fits(parameter.kind, value):
            continue
        return f"{parameter.name}: expected {_EXPECTED[parameter.kind]} such as {_shown(parameter.example)}, found {value!r}"
    return None


def _fits(kind: ParameterKind, value: Any) -> bool:
    match kind:
        case "text":
            # A number reads as the text it is written as: YAML makes one of `variant: 2`. A boolean does not (`language: no`).
            return isinstance(value, (str, int, float)) and not isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "texts":
            return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)


def _shown(example: str | int | bool | tuple[str, ...]) -> str:
    """As it stands in a rule file, which is YAML."""
    match example:
        case bool():
            return str(example).lower()
        case tuple():
            return "[" + ", ".join(example) + "]"
        case str():
            return f'"{example}"'
        case _:
            return str(example)
