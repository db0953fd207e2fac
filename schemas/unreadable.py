"""What decoding raises for bytes that are no such record."""

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
"""For bytes from outside: not JSON or not of the type, not UTF-8, nested too deeply. Anybody may write to a topic or a file."""
