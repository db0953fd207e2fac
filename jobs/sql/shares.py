"""Shares of the sessions, numbered so that Flink spreads them evenly over the subtasks."""

from typing import Final

MAX_SHARES: Final = 128
"""The site's sums are copied so many times in each window, for as many subtasks to join them with their sessions."""

_SEED: Final = 42
_32_BITS: Final = 0xFFFFFFFF


def shares(max_parallelism: int) -> list[int]:
    """Returns a number for each share: together they lie in every key group, or in key groups at equal distances.

    Flink gives a row to a subtask by the key group of its key, and to each subtask as many key groups in a row. Sixteen shares
    numbered from 0 left one of eight subtasks without any, and gave a quarter of the sessions to another.
    """
    count = min(max_parallelism, MAX_SHARES)
    wanted = {place * max_parallelism // count: place for place in range(count)}
    found: dict[int, int] = {}
    number = 0
    while len(found) < count:
        group = key_group(number, max_parallelism)
        if group in wanted:
            found.setdefault(wanted[group], number)
        number += 1
    return [found[place] for place in range(count)]


def key_group(number: int, max_parallelism: int) -> int:
    """The key group of a row with one whole number (INT), as Flink's planner hashes it.

    That is MurmurHash 3 (Appleby 2011) of the row's words, mixed once more; `tests/cluster/test_shares.py` compares with Flink.
    """
    # Eight bytes of header and null bits, eight of the number.
    hashed = _SEED
    for word in (0, 0, number & _32_BITS, 0):
        hashed = _rotated(hashed ^ _scrambled(word), 13) * 5 + 0xE6546B64 & _32_BITS
    hashed = _finished(hashed ^ 16)
    mixed = _rotated(_scrambled(hashed), 13) * 5 + 0xE6546B64 & _32_BITS
    mixed = _finished(mixed ^ 4)
    signed = mixed - 2**32 if mixed >= 2**31 else mixed
    return (abs(signed) if signed != -(2**31) else 0) % max_parallelism


def _scrambled(word: int) -> int:
    return _rotated(word * 0xCC9E2D51 & _32_BITS, 15) * 0x1B873593 & _32_BITS


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _32_BITS


def _finished(word: int) -> int:
    word = (word ^ word >> 16) * 0x85EBCA6B & _32_BITS
    word = (word ^ word >> 13) * 0xC2B2AE35 & _32_BITS
    return word ^ word >> 16
