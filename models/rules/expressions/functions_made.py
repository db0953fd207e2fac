"""Makes Python functions of generated sources."""

from collections.abc import Callable
from typing import Any

from models.rules.expressions.environment import Environment
from models.rules.expressions.generator import Generator
from models.rules.expressions.syntax import Node


def function_of(node: Node, environment: Environment, otherwise: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A function that says whether an expression is certainly true of a subject. `otherwise` decides where it meets an error."""
    generator = Generator()
    test = generator.when(node, True)
    names = {**generator.names, "otherwise": otherwise}
    holds: Callable[[Any], bool] = made_function([f"return {test}"], environment, names)
    return holds


def made_function(body: list[str], environment: Environment, names: dict[str, Any]) -> Any:
    """A function of the subject `s` with this body, after the prologue; where it fails, `otherwise(s)` answers."""
    prologue = [
        f"{name} = {source}" for name, source in environment.prologue.items() if any(name in line for line in body)
    ]
    source = "def made(s):\n    try:\n" + "".join(f"        {line}\n" for line in (*prologue, *body))
    source += "    except Exception:\n        return otherwise(s)\n"
    found = dict(names)
    try:
        exec(compile(source, "<expressions>", "exec"), found)
    except (SyntaxError, RecursionError, MemoryError):
        # Python's own compiler has limits as well.
        return names["otherwise"]
    return found["made"]
