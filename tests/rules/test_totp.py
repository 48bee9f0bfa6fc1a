"""One-time codes, by the vectors of RFC 6238 and RFC 4226."""

from urllib.parse import parse_qs, urlsplit

import pytest

from activation_server.rules import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str):
    assert totp.code_at(SECRET, totp.step_at(seconds), 8) == code
    assert totp.code_at(SECRET, totp.step_at(seconds)) == code[2:]


def test_the_vectors_of_rfc_4226():
    codes = [totp.code_at(SECRET, counter) for counter in range(10)]
    assert codes == (
        [
            "755224",
            "287082",
            "359152",
            "969429",
            "338314",
            "254676",
            "287922",
            "162583",
            "399871",
            "520489",
        ]
    )


@pytest.mark.parametrize(
    ("step", "found"), [(998, None), (999, 999), (1000, 1000), (1001, 1001), (1002, None)]
)
def test_a_clock_may_be_a_step_off(step: int, found: int | None):
    assert totp.matching_step(SECRET, totp.code_at(SECRET, step), 1000 * 30 + 29, 0) == found


def test_a_code_works_once_and_so_do_those_before_it():
    code = totp.code_at(SECRET, 1000)
    assert totp.matching_step(SECRET, code, 30_000, 999) == 1000
    assert totp.matching_step(SECRET, code, 30_000, 1000) is None
    assert totp.matching_step(SECRET, code, 30_000, 1001) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12345", ""),
        ("1234567", ""),
        ("12345a", ""),
        ("١٢٣٤٥٦", ""),
        ("", ""),
    ],
)
def test_a_code_is_six_digits_however_they_are_grouped(typed: str, code: str):
    assert totp.only_digits(typed) == code


def test_what_is_no_code_matches_nothing():
    assert totp.matching_step(SECRET, "", 30_000, 0) is None


def test_an_app_is_told_secret_issuer_and_name():
    uri = urlsplit(totp.uri(SECRET, "licenses.example.com", "ana@example.com"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/licenses.example.com:ana%40example.com"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["licenses.example.com"],
    }
    assert totp.written(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
