"""Compares the values of random expressions with those of cel-expr-python."""

import pytest


def assert_same_values(count: int, seed: int) -> None:
    """Skips where the library is not installed. Enough expressions must be true, and enough must fail, to tell anything."""
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    from infra.bench.cel_differential import Comparison

    comparison = Comparison()
    comparison.run(count, seed)
    assert comparison.differences == []
    assert comparison.outcomes["True"] > count // 2
    assert comparison.outcomes["error"] > count // 10
