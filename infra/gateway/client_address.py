"""Reads the client's IP address, anonymizes it for storage and groups it for rate limits."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection


def client_address(connection: HTTPConnection) -> str:
    """Returns the address, empty if unknown. Behind a trusted proxy uvicorn has already replaced it."""
    return connection.client.host if connection.client is not None else ""


@lru_cache(maxsize=4096)
def anonymize_ip(address: str) -> str | None:
    """Returns the network to store instead of an address: /24 of IPv4, /48 of IPv6; None if it is no address.

    >>> anonymize_ip("203.0.113.77"), anonymize_ip("::ffff:203.0.113.77")
    ('203.0.113.0/24', '203.0.113.0/24')
    >>> anonymize_ip("2001:db8:1:2::3"), anonymize_ip("anna")
    ('2001:db8:1::/48', None)
    >>> anonymize_ip("2002:cb00:714d::1")
    '203.0.113.0/24'
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        # 6to4 has the whole IPv4 address in the first 48 bits.
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def rate_limit_key(address: str, ipv6_prefix: int = 64) -> str:
    """Returns the name under which limits count an address: IPv4 alone, IPv6 by the network that one client owns.

    >>> rate_limit_key("203.0.113.77"), rate_limit_key("::ffff:203.0.113.77")
    ('203.0.113.77', '203.0.113.77')
    >>> rate_limit_key("2001:db8:1:2::3"), rate_limit_key("2001:db8:1:2::3", 56), rate_limit_key("fe80::1%eth0")
    ('2001:db8:1:2::/64', '2001:db8:1::/56', 'fe80::/64')
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, ipv6_prefix), strict=False))
