"""Computes the partition of a key as Kafka's Java client, kafka-python and librdkafka's `murmur2_random` do."""

from functools import lru_cache
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Returns the partition of a key that is not null."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=10_000)
def _murmur2(key: bytes) -> int:
    """MurmurHash2, 32 bits.

    Source: Appleby, public domain; seed and use as in `org.apache.kafka.common.utils.Utils.murmur2`.

    >>> [_murmur2(each) - (1 << 32 if _murmur2(each) >> 31 else 0) for each in (b"21", b"foobar")]
    [-973932308, -790332482]
    """
    hashed = _SEED ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        part = int.from_bytes(key[at : at + 4], "little") * _M & _MASK
        part = (part ^ part >> 24) * _M & _MASK
        hashed = hashed * _M & _MASK ^ part
    if tail := key[whole:]:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * _M & _MASK
    hashed = (hashed ^ hashed >> 13) * _M & _MASK
    return hashed ^ hashed >> 15
