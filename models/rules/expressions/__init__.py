"""The expressions of rules: a subset of CEL (cel-spec), checked at load and evaluated within bounds.

`compilation.compile_expression` is the way in.
"""
