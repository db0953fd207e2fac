"""A real broker and a real cluster, started once for all tests that need them."""

from tests.support.stack import stack

__all__ = ["stack"]
