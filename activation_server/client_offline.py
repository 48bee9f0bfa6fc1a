"""The desktop client without a network: a request goes out as a file, the response comes back so.

It is the same protocol. The request is written down first, and written again word for word until
its response is read; the response is checked as an answer from the network is. What differs:

1. Nobody tells the app of a refusal: a refused request has no response file, and stays open. The
   app lets the person write a new one instead (`anew`).
2. The app must bring the public keys: there may be no server to fetch them from.
3. A seat is given back when the response to it is read, so that a refused deactivation takes
   nothing from the computer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from activation_server import client_state
from activation_server.client import ACTIVATE, DEACTIVATE, REACTIVATE, TRIAL, Client
from activation_server.client_state import Pending, State
from activation_server.client_transport import Answer, ClientError, MisuseError, UnreachableError
from activation_server.formats import offline_file
from activation_server.formats.offline_file import DamagedError, Kind

Json = dict[str, Any]

# What a response says to a request of each purpose.
STATUSES: Final[Mapping[str, frozenset[str]]] = {
    ACTIVATE: frozenset({"activated", "already_activated"}),
    TRIAL: frozenset({"activated", "already_activated"}),
    REACTIVATE: frozenset({"reactivated"}),
    DEACTIVATE: frozenset({"deactivated"}),
}


class FileError(ClientError):
    """A response file that can't be taken; what was stored before still counts."""


@dataclass
class OfflineClient(Client):
    """An installation that talks by files. Its methods raise ClientError or StateError."""

    def request_file(self, purpose: str, wish: Json, *, anew: bool = False) -> str:
        """Write down a request and give its file; `wish` is as for the online calls.

        A request that was not answered yet is written again as it was, unless `anew` or
        something else is wanted now.
        """
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            if purpose == ACTIVATE:
                wish = _with_known_key(state, wish)
            if purpose == TRIAL:
                wish = self.trial_wish(state, wish)
            pending = None if anew else self._open(state, purpose, wish)
            state.pending = pending or self._request(state, purpose, wish)
            client_state.save(self.state_path, state)
            named = {"activation_id": state.activation.activation_id} if state.activation else {}
            document = {"purpose": purpose, **({} if purpose in {ACTIVATE, TRIAL} else named)}
            document |= state.pending.body
            return offline_file.write(Kind.REQUEST, json.dumps(document).encode())

    def read_response(self, file: bytes) -> Answer:
        """Take the response to the open request; FileError or CertificateError leave all as it was.

        Reading the same file twice says that there is no open request: nothing is lost.
        """
        with client_state.locked(self.state_path):
            state = client_state.load(self.state_path)
            if state.pending is None:
                raise MisuseError("No request is open: write a request file first.")
            answer = _answer_in(file)
            if answer.body.get("status") not in STATUSES[state.pending.purpose]:
                raise FileError("This is the response to another request.")
            known = state.activation
            server = (self.server or (known.server if known else "")).rstrip("/")
            if server:
                self.transport.check(server)
            return self._conclude(state, state.pending, server, answer)

    def _read(self, state: State, server: str, certificate: str) -> Json:
        """Check a certificate; where its key is not known, a server in reach may be asked."""
        try:
            return super()._read(state, server, certificate)
        except UnreachableError:
            message = "The server's public keys are not known here: bring them (--public-key)."
            raise MisuseError(message) from None

    def _open(self, state: State, purpose: str, wish: Json) -> Pending | None:
        """Give the open request, if it is to be written again.

        An open check-in is, whatever is wished now: the server may have answered it, and the
        token of that answer is needed for the next one.
        """
        pending = state.pending
        if pending and purpose == pending.purpose == REACTIVATE:
            return pending
        return self._repeated(state, purpose, wish)


def _with_known_key(state: State, wish: Json) -> Json:
    """Fill in key and product, where this installation was activated before."""
    known = state.activation
    key = wish.get("license_key") or (known.license_key if known else "")
    product = wish.get("product") or (known.product if known else "")
    if not key or not product:
        raise MisuseError("The first activation needs a license key and a product.")
    return {**wish, "license_key": key, "product": product}


def _answer_in(file: bytes) -> Answer:
    try:
        text = offline_file.read(Kind.RESPONSE, file).decode()
        return Answer(text, json.loads(text))
    except DamagedError as error:
        raise FileError(f"The response file is damaged, {error}.") from None
    except ValueError:
        raise FileError("The response file holds no text in UTF-8.") from None
