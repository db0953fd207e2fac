"""The conformance cases of cel-spec that are written in the rules' subset."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from models.rules.expressions.compilation import compile_expression
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import EvaluationError, ExpressionError
from models.rules.expressions.types import BOOL, DOUBLE, DYN, INT, STRING, Type, list_of, map_of
from models.rules.expressions.values import map_from

_DATA: Final = json.loads((Path(__file__).parent / "data" / "cel_conformance.json").read_text())
_CASES: Final = _DATA["cases"]
_TYPES: Final = {"int": INT, "double": DOUBLE, "string": STRING, "bool": BOOL}


def value_of(written: dict[str, Any]) -> Any:
    [(kind, value)] = written.items()
    match kind:
        case "int":
            return int(value)
        case "double":
            return float(value)
        case "list":
            return [value_of(each) for each in value]
        case "map":
            return map_from([value_of(each) for pair in value for each in pair])
    return value


def type_of(written: dict[str, Any]) -> Type:
    [kind] = written
    match kind:
        case "list":
            return list_of(DYN)
        case "map":
            return map_of(DYN, DYN)
    return _TYPES[kind]


def is_same(found: Any, wanted: Any) -> bool:
    """Equal in type as well; NaN is the same as NaN."""
    if type(found) is not type(wanted):
        return False
    if isinstance(found, list):
        return len(found) == len(wanted) and all(is_same(one, two) for one, two in zip(found, wanted, strict=True))
    if isinstance(found, dict):
        return found.keys() == wanted.keys() and all(is_same(found[key], wanted[key]) for key in found)
    return bool(found == wanted or (found != found and wanted != wanted))


@pytest.mark.parametrize("case", _CASES, ids=[f"{each['file']}-{each['section']}-{each['name']}" for each in _CASES])
def test_a_conformance_case_holds(case: dict[str, Any]) -> None:
    given = case.get("bindings", {})
    environment = mapping_environment({name: type_of(each) for name, each in given.items()})
    subject = {name: value_of(each) for name, each in given.items()}
    if "error" in case:
        with pytest.raises((ExpressionError, EvaluationError)):
            compile_expression(case["expr"], environment, None).value(subject)
        return
    compiled = compile_expression(case["expr"], environment, None)
    wanted = value_of(case["value"])
    assert is_same(compiled.value(subject), wanted)
    if compiled.type == BOOL:
        assert compiled.holds(subject) is wanted
        assert compile_expression(f"!({case['expr']}\n)", environment).holds(subject) is not wanted


def test_the_cases_are_those_that_the_file_counts() -> None:
    assert Counter(each["file"] for each in _CASES) == _DATA["files"]
    assert len(_CASES) == 622
