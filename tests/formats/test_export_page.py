"""The page for a person: it stands alone, shows texts as texts, and says what is not shown."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from activation_server.formats import export_page, person_export
from activation_server.rules import personal_data as kind
from activation_server.rules.export import OF_OTHERS, Export, HeldLicense, HeldTable, Value
from activation_server.rules.person import Role

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\"><img src=//evil.example>"


def held(name: str, *values: Value) -> HeldTable:
    return HeldTable(name, f"What {name} are.", [values])


@pytest.fixture
def export() -> Export:
    license_id, seat = UUID(int=1, version=4), UUID(int=2, version=4)
    tables = [
        held(
            "licenses",
            Value("license_id", kind.LICENSE_ID, license_id),
            Value("product", kind.LICENSE_FACT, HOSTILE),
            Value("status", kind.LICENSE_FACT, "active"),
            Value("overrides", kind.LICENSE_FACT, {"seats": None, "features": ["a", "b"]}),
            Value("issued_at", kind.LICENSE_FACT, AT),
            Value("expires_at", kind.LICENSE_FACT),
            Value("order_sealed", kind.ORDER, note=OF_OTHERS),
            Value("key_sealed", kind.SEALED_KEY, "KEY-1"),
        ),
        held(
            "activations",
            Value("activation_id", kind.ACTIVATION_ID, seat),
            Value("virtual", kind.SEAT_FACT, value=False),
        ),
        held(
            "person_computers",
            Value("activation_id", kind.ACTIVATION_ID, seat),
            Value("computer_name", kind.COMPUTER_NAME, HOSTILE),
            Value("comments", kind.COMMENT, HOSTILE, until=date(2028, 11, 22)),
        ),
        held(
            "people",
            *(Value(name, kind.NAME, HOSTILE) for name in ("name", "company")),
            Value("email", kind.EMAIL, HOSTILE),
        ),
        held("events", Value("details", kind.DETAILS, {HOSTILE: [HOSTILE]})),
    ]
    one = HeldLicense(license_id, [Role.USER], shared=True, tables=tables)
    return Export(HOSTILE, "https://licenses.example.com", AT, [one])


def test_what_people_wrote_shows_as_text(export: Export):
    page = export_page.page(export, HOSTILE)
    tags = {tag.lower() for tag in re.findall(r"<([a-zA-Z0-9]+)", page)}
    assert not tags & {"script", "img", "link", "iframe", "object", "form", "a"}
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href|url|@import)\s*[=(]", page.replace("src=//evil.example", ""))


def test_it_says_what_is_left_out_and_leaves_out_what_is_empty(export: Export):
    page = export_page.page(export)
    assert OF_OTHERS in page
    assert "Others use this license too" in page
    assert "Ends" not in page
    assert "Expires at" not in page
    assert "<dt>Virtual</dt><dd>no</dd>" in page
    assert "seats: none\nfeatures: a, b" in page
    assert "until 22 November 2028" in page
    assert "the vendor of the app" in page
    assert "<dt>License fact</dt>" in page


def test_the_summary_and_the_json_tell_of_the_same(export: Export):
    document = person_export.document(export)
    [license_] = document["licenses"]
    for table in license_["tables"]:
        assert f"  {table['table']}: 1" in export_page.summary(export)
        for row in table["rows"]:
            for value in row.values():
                assert {"kind", "retention", "kept_until"} < set(value)
                stored = value.get("value") is not None or "not_shown" in value
                assert not stored or value["kind"] in document["kinds"]
                assert not stored or value["retention"] in document["retention"]
    assert document["kinds"]["order"]["purpose"] == kind.ORDER.purpose
    assert document["kinds"]["order"]["legal_basis"] == "Contract"


def test_nobody_is_told_so():
    nobody = Export("ana@example.com", "https://licenses.example.com", AT)
    assert "Nothing is held on this address." in export_page.page(nobody)
    assert export_page.summary(nobody) == "Nothing is held on this address."
