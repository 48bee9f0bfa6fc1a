"""Which certificates the client refuses, in an answer and from its own disk."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from activation_server.client_certificate import ANY_KID, CertificateError, read_certificate
from tests.client.conftest import Installation
from tests.client.server import DAY, NOW, LicenseServer, b64, sign

Json = dict[str, Any]


def flip(token: str, part: int) -> str:
    parts = token.split(".")
    old = parts[part][10]
    parts[part] = parts[part][:10] + ("A" if old != "A" else "B") + parts[part][11:]
    return ".".join(parts)


def change(**claims: object) -> Callable[[Json], None]:
    return lambda given: given.update(claims)


def remove(*names: str) -> Callable[[Json], None]:
    def edit(claims: Json) -> None:
        for name in names:
            del claims[name]

    return edit


def weaken(claims: Json) -> None:
    claims["hw"]["components"]["hardware_id"]["digest"] = b64(bytes(16))


@pytest.mark.parametrize(
    ("reason", "edit"),
    [
        ("wrong_nonce", change(nonce="AAAAAAAAAAAAAAAAAAAAAA")),
        ("wrong_audience", change(aud="another-product")),
        ("wrong_audience", change(aud="")),
        ("wrong_activation", change(sub="another")),
        ("wrong_computer", weaken),
        ("expired", change(exp=NOW - DAY)),
        ("unsupported_version", change(v=2)),
        ("malformed", change(aud=["backup-pro"])),
        ("malformed", change(seq=True)),
        ("malformed", change(exp="never")),
        ("malformed", change(exp=10**18)),
        ("malformed", change(lic=None)),
        ("malformed", change(hw={"salt": "!", "need": 1, "components": {}})),
        ("malformed", change(hw={"salt": "AA", "need": 1, "components": []})),
        ("malformed", remove("nonce")),
        ("malformed", remove("hw")),
        ("malformed", remove("v")),
    ],
)
def test_an_answer_with_wrong_claims_changes_nothing(
    installation: Installation, reason: str, edit: Callable[[Json], None]
) -> None:
    installation.activate()
    before = json.loads(installation.state.read_bytes())
    installation.server.edit = edit
    with pytest.raises(CertificateError) as failure:
        installation.client().activate("KEY", "backup-pro", {"app": {"version": "2.0"}})
    assert failure.value.reason == reason
    after = json.loads(installation.state.read_bytes())
    assert after["activation"] == before["activation"]
    assert after["pending"]["purpose"] == "activate"
    assert installation.reason() == "valid"


@pytest.mark.parametrize(
    ("reason", "header"),
    [
        ("malformed", {"alg": "none"}),
        ("malformed", {"alg": "HS256"}),
        ("malformed", {"typ": "JWT"}),
        ("malformed", {"crit": ["exp"]}),
        ("unknown_key", {"kid": "another"}),
    ],
)
def test_an_answer_with_a_wrong_header_is_refused(
    installation: Installation, reason: str, header: Json
) -> None:
    installation.server.header = header
    with pytest.raises(CertificateError) as failure:
        installation.activate()
    assert failure.value.reason == reason
    assert installation.reason() == "not_activated"


@pytest.mark.parametrize("part", [1, 2])
def test_a_flipped_byte_is_seen(installation: Installation, part: int) -> None:
    installation.server.mangle = lambda token: flip(token, part)
    with pytest.raises(CertificateError) as failure:
        installation.activate()
    assert failure.value.reason == "bad_signature"


def test_a_check_in_never_goes_back_nor_elsewhere(installation: Installation) -> None:
    installation.activate()
    installation.reactivate()
    installation.server.edit = change(seq=1)
    with pytest.raises(CertificateError) as failure:
        installation.reactivate()
    assert failure.value.reason == "seq_went_back"
    assert installation.client().verify()["seq"] == 2


def test_a_check_in_must_be_answered_by_the_same_issuer(installation: Installation) -> None:
    installation.activate()
    installation.server.edit = change(iss="https://other.example")
    with pytest.raises(CertificateError) as failure:
        installation.reactivate()
    assert failure.value.reason == "wrong_issuer"


def test_a_rejected_answer_is_taken_once_the_fault_is_gone(installation: Installation) -> None:
    server = installation.server
    installation.activate()
    server.key, old = LicenseServer().key, server.key
    with pytest.raises(CertificateError) as failure:
        installation.reactivate()
    assert failure.value.reason == "bad_signature"
    server.key = old
    server.answers.clear()
    server.seqs = dict.fromkeys(server.seqs, 1)
    installation.reactivate()  # the very same request
    assert server.bodies[1] == server.bodies[2]


@pytest.mark.parametrize(
    ("reason", "edit"),
    [
        ("malformed", lambda token: token + "."),
        ("malformed", lambda token: token.replace(".", "=.", 1)),
        ("malformed", lambda _: "a.b"),
        ("malformed", lambda token: f"{b64(b'[]')}.{token.split('.', 1)[1]}"),
        ("malformed", lambda token: f"{b64(b'[' * 100_000)}.{token.split('.', 1)[1]}"),
        ("bad_signature", lambda token: flip(token, 1)),
        ("not_activated", lambda _: ""),
    ],
)
def test_a_certificate_changed_on_disk_is_seen(
    installation: Installation, reason: str, edit: Callable[[str], str]
) -> None:
    installation.activate()
    document = json.loads(installation.state.read_bytes())
    document["activation"]["certificate"] = edit(document["activation"]["certificate"])
    installation.state.write_text(json.dumps(document))
    assert installation.reason() == reason


def test_an_older_certificate_put_back_on_disk_is_seen(installation: Installation) -> None:
    installation.activate()
    old = json.loads(installation.state.read_bytes())["activation"]["certificate"]
    installation.reactivate()
    document = json.loads(installation.state.read_bytes())
    document["activation"]["certificate"] = old
    installation.state.write_text(json.dumps(document))
    assert installation.reason() == "seq_went_back"


def test_a_lease_ends_with_little_leeway(installation: Installation, server: LicenseServer) -> None:
    server.lifetime = 600
    installation.activate()
    installation.now = NOW + 660
    assert installation.reason() == "valid"
    installation.now = NOW + 661
    assert installation.reason() == "expired"


def test_a_certificate_ends_with_some_leeway(installation: Installation) -> None:
    installation.activate()
    installation.now = NOW + 30 * DAY + 300
    assert installation.reason() == "valid"
    installation.now += 1
    assert installation.reason() == "expired"
    assert installation.client().verify()["check_in_due"]


def test_setting_the_clock_back_gains_nothing(installation: Installation) -> None:
    installation.activate()
    installation.now = NOW + 31 * DAY
    assert installation.reason() == "expired"
    installation.now = NOW + DAY
    assert installation.reason() == "clock_set_back"


def test_a_check_in_heals_a_clock_that_once_ran_ahead(installation: Installation) -> None:
    installation.activate()
    installation.now = NOW + 1000 * DAY
    assert installation.reason() == "expired"
    installation.now = NOW + DAY
    installation.reactivate()
    assert installation.reason() == "valid"


@pytest.mark.parametrize("wrong", [0, NOW - 1000 * DAY, NOW + 1000 * DAY])
def test_a_wrong_clock_never_refuses_an_answer(installation: Installation, wrong: int) -> None:
    installation.now = wrong
    installation.activate()
    installation.now = NOW
    assert installation.reason() == "valid"


def test_without_an_end_it_never_expires(installation: Installation) -> None:
    installation.server.lifetime = None
    installation.activate()
    installation.now = NOW + 10_000 * DAY
    verdict = installation.client().verify()
    assert verdict["valid"]
    assert verdict["expires"] is None
    assert verdict["check_in_due"]


def test_both_names_of_the_algorithm_and_a_key_without_id_are_taken() -> None:
    server = LicenseServer()
    claims = {
        "v": 1,
        "iss": "i",
        "aud": "a",
        "sub": "s",
        "nonce": "n",
        "seq": 1,
        "iat": 1,
        "lic": {},
    }
    claims["hw"] = {"salt": "AA", "need": 1, "components": {}, "later": "field"}
    raw = b64(server.key.public_key().public_bytes_raw())
    for algorithm in ("EdDSA", "Ed25519"):
        header = {"alg": algorithm, "typ": "activation+jwt", "kid": "k"}
        token = sign(server.key, header, claims)
        assert read_certificate(token, {"k": raw}) == claims
        assert read_certificate(token, {ANY_KID: raw}) == claims
        with pytest.raises(CertificateError):
            read_certificate(token, {"another": raw})


def test_the_signature_agrees_with_another_implementation(installation: Installation) -> None:
    """What the client takes, PyJWT takes as well."""
    import jwt  # noqa: PLC0415 - only this test compares with it

    installation.activate()
    token = json.loads(installation.state.read_bytes())["activation"]["certificate"]
    claims = jwt.decode(
        token,
        installation.server.key.public_key(),
        algorithms=["EdDSA"],
        audience="backup-pro",
        options={"verify_exp": False, "verify_iat": False},
    )
    keys = json.loads(installation.state.read_bytes())["trusted_keys"]
    assert read_certificate(token, keys) == claims
