"""The network that a request comes from: never the whole address."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

IPV4_BITS, IPV6_BITS = 24, 48


@lru_cache(maxsize=4096)  # an app's host stays, and so does a proxy: few differ
def prefix(address: str) -> str | None:
    """Give the network of an IP address: `203.0.113.0/24`, `2001:db8:1::/48`; None of others.

    An IPv4 address that is written as an IPv6 one (`::ffff:203.0.113.7`) counts as IPv4.
    """
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket file, or nothing at all
        return None
    plain = parsed if isinstance(parsed, IPv4Address) else parsed.ipv4_mapped or parsed
    if isinstance(plain, IPv4Address):
        return str(IPv4Network((int(plain), IPV4_BITS), strict=False))
    return str(IPv6Network((int(plain), IPV6_BITS), strict=False))
