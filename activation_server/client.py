"""The reference desktop client: what an app must do, to be read from top to bottom.

An app that does the following is never locked out by a lost answer, a crash or a wrong clock:

1. Ship the server's public keys, the next one too, and trust nothing else. (This client belongs
   to no vendor: without `shipped_keys` it trusts what the server publishes at the first
   activation. A real app has its keys in its binary.)
2. Salt and hash every hardware identifier before sending it (`hardware_probe.description`).
3. Write each request to disk before sending it, and send that very request again until it
   is answered: the server answers a repeated `request_id` as it did the first time.
4. Take a certificate only when nothing is wrong with it (`read_certificate`, `fault`).
5. Store the answer and forget the request in one atomic write (`client_state.save`).
6. At every start call `verify`, which needs no network. When `check_in_due`, call `reactivate`
   in the background; whatever comes of that, a valid certificate goes on working.
7. When the server says ACTIVATION_NOT_FOUND, activate again with the license key.
"""

import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from activation_server import base64url, client_state, hardware_probe
from activation_server.client_certificate import (
    MAX_TIME,
    CertificateError,
    expected,
    fault,
    hardware_salt,
    read_certificate,
    time_fault,
)
from activation_server.client_state import Activation, Pending, State, StateError
from activation_server.client_transport import (
    Answer,
    MisuseError,
    RefusedError,
    Transport,
)
from activation_server.hardware_probe import Computer, UnidentifiableError
from activation_server.rules.hardware import matches

Json = dict[str, Any]


CHANCE: Final = secrets.SystemRandom().random  # spreads retries
ACTIVATE, TRIAL = "activate", "trial"
REACTIVATE, DEACTIVATE = "reactivate", "deactivate"


@dataclass
class Client:
    """One installation of an app. Its methods raise ClientError or StateError."""

    state_path: Path
    server: str = ""  # base URL; when empty, the one of the activation
    _: KW_ONLY
    shipped_keys: Mapping[str, str] | None = None  # key id → raw key in base64url
    simulated: Json = field(default_factory=dict)  # a computer to play instead of this one
    transport: Transport = field(default_factory=lambda: Transport(chance=CHANCE))
    probe: Callable[[], Computer] = hardware_probe.look
    now: Callable[[], float] = time.time

    def activate(self, license_key: str, product: str, details: Json) -> Answer:
        """Take a seat. `details` are further fields of the body, `app` at least.

        Key and product may be empty where this installation was activated before.
        """
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            if known := state.activation:
                license_key, product = license_key or known.license_key, product or known.product
            if not license_key or not product:
                raise MisuseError("The first activation needs a license key and a product.")
            wish = {"license_key": license_key, "product": product, **details}
            # Another wish may replace a lost request: the computer keeps the seat that it took.
            pending = self._repeated(state, ACTIVATE, wish)
            return self._deliver(state, pending or self._request(state, ACTIVATE, wish))

    def start_trial(self, product: str, details: Json) -> Answer:
        """Start a trial, which needs no key; while it runs, the answer is the same trial."""
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            wish = self.trial_wish(state, {"product": product, **details})
            pending = self._repeated(state, TRIAL, wish)
            return self._deliver(state, pending or self._request(state, TRIAL, wish))

    def trial_wish(self, state: State, wish: Json) -> Json:
        """Fill in the product; MisuseError where a trial would replace a license in force."""
        verdict = self.verify()
        if verdict["valid"] and (verdict["license"] or {}).get("kind") != TRIAL:
            raise MisuseError("This computer is activated with a license: it needs no trial.")
        product = wish.get("product") or (state.activation.product if state.activation else "")
        if not product:
            raise MisuseError("A trial needs a product.")
        return {**wish, "product": product}

    def reactivate(self, details: Json) -> Answer:
        """Check in: get a new certificate for the seat that this computer holds."""
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            if answer := self._settle(state, details):
                return answer
            return self._deliver(state, self._request(state, REACTIVATE, details))

    def deactivate(self) -> Answer:
        """Give the seat back. Repeating it is harmless."""
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            with suppress(CertificateError):  # an unfinished check-in must not keep the seat
                self._settle(state, None)
            pending = self._repeated(state, DEACTIVATE, {})
            return self._deliver(state, pending or self._request(state, DEACTIVATE, {}))

    def verify(self) -> Json:
        """Say, without any network, whether this computer is activated (`valid`), and else why not.

        `reason` is one of: valid, not_activated, state_damaged, malformed, unsupported_version,
        unknown_key, bad_signature, wrong_issuer, wrong_audience, wrong_activation,
        seq_went_back, wrong_computer, expired, clock_set_back (an answer: also wrong_nonce).
        """
        try:
            state = client_state.load(self.state_path)
        except StateError:
            return _verdict("state_damaged")
        activation = state.activation
        if activation is None or not activation.certificate:
            return _verdict("not_activated")
        keys = state.trusted_keys if self.shipped_keys is None else self.shipped_keys
        try:
            claims = read_certificate(activation.certificate, keys)
        except CertificateError as error:
            return _verdict(error.reason)
        now = self.now()
        seen = max(now, state.latest_time, claims["iat"])
        self._remember_time(int(seen))
        observed = self._observe(claims, activation)
        reason = fault(claims, activation, observed)
        if reason == "valid":
            reason = time_fault(claims, now, seen)
        return _verdict(reason, claims, observed, seen)

    # -- Requests: written down before they are sent.

    def _request(self, state: State, purpose: str, wish: Json) -> Pending:
        """Make a new request; `wish` is the part of its body that the user chose."""
        known, salt = state.activation, b""
        path = "/v1/trials" if purpose == TRIAL else "/v1/activations"
        body: Json = {"request_id": str(uuid.uuid4())}
        simulated = self.simulated or (known.simulated if known else {})
        if purpose in {REACTIVATE, DEACTIVATE}:
            if known is None:
                raise MisuseError("This computer was not activated yet: activate it first.")
            noun = "reactivations" if purpose == REACTIVATE else "deactivation"
            path += f"/{quote(known.activation_id, safe='')}/{noun}"
            body["check_in_token"], salt = known.check_in_token, bytes.fromhex(known.salt)
        if purpose != DEACTIVATE:
            body["nonce"] = base64url.encode(secrets.token_bytes(16))
            here = self.probe()
            if simulated:
                body |= {"os": dict(here.os), **simulated}
            else:
                salt = salt or hardware_probe.salt_for(here)
                body |= hardware_probe.description(here, salt)
        return Pending(purpose, path, wish, body | wish, salt.hex(), simulated)

    def _repeated(self, state: State, purpose: str, wish: Json | None) -> Pending | None:
        """Give the pending request, if it asks for what is wanted now."""
        pending = state.pending
        if pending is None or (pending.purpose, pending.wish) != (purpose, wish):
            return None
        return pending if self.simulated in ({}, pending.simulated) else None

    def _settle(self, state: State, wish: Json | None) -> Answer | None:
        """Finish a check-in whose answer was lost: that answer holds the token for the next one.

        Gives the answer if it serves `wish` too, and did not come so late that the next
        check-in is due already.
        """
        if state.pending is None or state.pending.purpose != REACTIVATE:
            return None
        serves = self._repeated(state, REACTIVATE, wish) is not None
        try:
            answer = self._deliver(state, state.pending)
        except RefusedError:
            if serves:
                raise
            return None
        return answer if serves and not self.verify()["check_in_due"] else None

    def _deliver(self, state: State, pending: Pending) -> Answer:
        """Send a request. Only an answer or a refusal makes the client forget it."""
        server = (self.server or (state.activation.server if state.activation else "")).rstrip("/")
        if not server:
            raise MisuseError("The server's URL is needed.")
        self.transport.check(server)
        state.pending = pending
        client_state.save(self.state_path, state)
        try:
            answer = self.transport.exchange("POST", server + pending.path, pending.body)
        except RefusedError:
            state.pending = None
            client_state.save(self.state_path, state)
            raise
        return self._conclude(state, pending, server, answer)

    # -- Answers: checked before they are believed.

    def _conclude(self, state: State, pending: Pending, server: str, answer: Answer) -> Answer:
        """Remember what an answer says, and forget the request, in one write."""
        if pending.purpose != DEACTIVATE:
            state.activation = self._take(state, pending, server, answer)
        elif state.activation:
            state.activation.certificate = ""  # the token stays: giving back twice is harmless
        state.pending = None
        client_state.save(self.state_path, state)
        return answer

    def _take(self, state: State, pending: Pending, server: str, answer: Answer) -> Activation:
        """Check an answer and give what to remember of it; CertificateError leaves all as it was.

        Freshness is the nonce, and time is the server's: a wrong clock here does no harm.
        """
        body, known = answer.body, state.activation
        certificate, token = str(body.get("certificate")), str(body.get("check_in_token"))
        claims = self._read(state, server, certificate)
        if pending.purpose in {ACTIVATE, TRIAL} or known is None:
            product = pending.wish["product"]
            key = pending.wish.get("license_key") or str(body.get("license_key", ""))
            id_ = str(body.get("activation_id"))
            seq = known.seq if known and known.activation_id == id_ else 0
            known = Activation(server, claims["iss"], product, key, id_, "", "", seq, "", {})
        reason = fault(claims, known, hardware_probe.digests(pending.body, hardware_salt(claims)))
        if claims["nonce"] != pending.body.get("nonce"):
            reason = "wrong_nonce"
        elif reason == "valid":
            reason = time_fault(claims, claims["iat"], claims["iat"])
        if reason != "valid":
            raise CertificateError(reason)
        state.latest_time = claims["iat"]  # also heals a clock that once ran ahead
        return replace(
            known,
            server=server,
            check_in_token=token,
            certificate=certificate,
            seq=claims["seq"],
            salt=pending.salt,
            simulated=pending.simulated,
        )

    def _read(self, state: State, server: str, certificate: str) -> Json:
        """Check a certificate with the trusted keys.

        Keys that the app ships are all it trusts. Without them, an unknown key sends us to the
        same server's published ones: at first use, and when the server has a new signing key.
        """
        if self.shipped_keys is not None:
            state.trusted_keys, state.keys_shipped = dict(self.shipped_keys), True
        try:
            return read_certificate(certificate, state.trusted_keys)
        except CertificateError as error:
            if error.reason != "unknown_key" or state.keys_shipped:
                raise
        published = self.transport.published_keys(server)
        claims = read_certificate(certificate, published)
        state.trusted_keys = published
        return claims

    # -- What `verify` needs.

    def _observe(self, claims: Json, activation: Activation) -> dict[str, str]:
        computer = self.simulated or activation.simulated
        with suppress(UnidentifiableError):
            computer = computer or hardware_probe.description(
                self.probe(), bytes.fromhex(activation.salt)
            )
        return hardware_probe.digests(computer, hardware_salt(claims))

    def _remember_time(self, seen: int) -> None:
        # Best effort: an app must start where its state is in use, or can't be written.
        with suppress(StateError), client_state.locked(self.state_path, wait=False):
            state = client_state.load(self.state_path)
            state.latest_time = max(seen, state.latest_time)
            client_state.save(self.state_path, state)


def _verdict(
    reason: str,
    claims: Json | None = None,
    observed: Mapping[str, str] | None = None,
    seen: float = 0,
) -> Json:
    claims, observed = claims or {}, observed or {}
    components, need = expected(claims)
    matched = [name for name, part in components.items() if observed.get(name) == part.digest]
    due = seen >= claims.get("check_in_after", MAX_TIME)
    return {
        "valid": reason == "valid",
        "reason": reason,
        "expires": _rfc3339(claims.get("exp")),
        "check_in_after": _rfc3339(claims.get("check_in_after")),
        "check_in_due": due or reason not in {"valid", "not_activated", "state_damaged"},
        "activation_id": claims.get("sub"),
        "product": claims.get("aud"),
        "seq": claims.get("seq"),
        "license": claims.get("lic"),
        "hardware": {
            "matches": matches(observed, components, need),
            "matched": sorted(matched),
            "missing": sorted(components.keys() - set(matched)),
        },
    }


def _rfc3339(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
