"""Tables of the jobs' options and of the gateway's settings."""

import ast
import inspect
from dataclasses import fields
from typing import Any

from infra.docs.reference.markdown import code, table
from infra.gateway.settings import Settings, variable
from jobs.config import AdjustConfig, HeatmapConfig, options_of


def adjust_options() -> str:
    return _options(AdjustConfig)


def heatmap_options() -> str:
    return _options(HeatmapConfig)


def gateway_settings() -> str:
    """A field without a text is no setting."""
    texts = _field_texts(Settings)
    return table(
        ("variable", "default", "meaning"),
        [
            (code(variable(each.name)), code(_default(each.default)), texts[each.name])
            for each in fields(Settings)
            if each.name in texts
        ],
    )


def _options(config: Any) -> str:
    rows = []
    for each in options_of(config):
        choices = each.metadata["choices"]
        about = each.metadata["about"] + (f" ({', '.join(choices)})" if choices else "")
        rows.append((code(each.name), code(each.default), about))
    return table(("option", "default", "meaning"), rows)


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def _field_texts(cls: type) -> dict[str, str]:
    """The text under each field of a class, by the field's name: Python itself drops them."""
    (body,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[ast.unparse(field.target)] = str(text.value.value)
    return texts
