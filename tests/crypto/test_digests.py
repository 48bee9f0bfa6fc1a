from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from activation_server.crypto.digests import Digester

DIGESTER = Digester.from_root(bytes(32))


@given(st.uuids(), st.uuids(), st.uuids())
def test_a_request_makes_one_activation_id_that_leads_to_its_license(
    license_id: UUID, request_id: UUID, other: UUID
):
    made = DIGESTER.activation_id(license_id, request_id)
    assert made == DIGESTER.activation_id(license_id, request_id)
    assert made.bytes[:6] == license_id.bytes[:6]
    assert made.version == 8
    assert (made == DIGESTER.activation_id(license_id, other)) is (request_id == other)


def test_products_kinds_and_servers_have_digests_of_their_own():
    made = {
        DIGESTER.license_key("a", "exact", "k"),
        DIGESTER.license_key("b", "exact", "k"),
        DIGESTER.license_key("a", "folded", "k"),
        Digester.from_root(bytes([1]) * 32).license_key("a", "exact", "k"),
    }
    assert len(made) == 4


def test_the_order_of_components_does_not_matter():
    assert DIGESTER.hardware({"a": "1", "b": "2"}) == DIGESTER.hardware({"b": "2", "a": "1"})
    assert DIGESTER.hardware({"a": "1\x01b", "c": "2"}) != DIGESTER.hardware({"a": "1", "b": "2"})


def test_the_keys_do_not_show():
    assert repr(DIGESTER) == "Digester()"
