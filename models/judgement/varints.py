"""Whole numbers in as few bytes as they need: seven bits a byte, the eighth set where more follow (LEB128)."""

from collections.abc import Iterable


def encode_varints(values: Iterable[int]) -> bytes:
    """Encodes numbers from zero on, one behind the other.

    >>> encode_varints([0, 127, 300])
    b'\\x00\\x7f\\xac\\x02'
    """
    encoded = bytearray()
    for number in values:
        while number > 127:
            encoded.append(number & 127 | 128)
            number >>= 7
        encoded.append(number)
    return bytes(encoded)


def decode_varints(data: bytes) -> list[int]:
    """Decodes what `encode_varints` wrote.

    >>> decode_varints(b'\\x00\\x7f\\xac\\x02')
    [0, 127, 300]
    """
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number, shift = 0, 0
    return numbers
