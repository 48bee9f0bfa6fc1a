"""Of an address only its network is kept."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.network import prefix


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("::ffff:cb00:7107", "203.0.113.0/24"),
        ("", None),
        ("testclient", None),
        ("203.0.113.7:443", None),
        ("203.0.113", None),
    ],
)
def test_the_network_of_an_address(address: str, network: str | None):
    assert prefix(address) == network


@given(st.ip_addresses())
def test_two_addresses_of_one_network_can_not_be_told_apart(address: IPv4Address | IPv6Address):
    network = prefix(str(address))
    assert network is not None
    assert prefix(str(ip_network(network).network_address)) == network
    assert prefix(str(ip_network(network).broadcast_address)) == network
    assert ip_network(network).prefixlen in {24, 48}
    assert ip_address(str(address)).version == ip_network(network).version or network.endswith("24")
