"""The calls of the client protocol, from a body's bytes to the answer: online and offline alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from pydantic_core import to_json

from activation_server import base64url, uuids
from activation_server.formats import offline_file, problem
from activation_server.formats.client_api import (
    MAX_BODY,
    ActivationRequest,
    CertificateAnswer,
    DeactivationAnswer,
    DeactivationRequest,
    NoticeBody,
    OfflineRequest,
    ReactivationRequest,
    SeatsBody,
    Status,
    TrialAnswer,
    TrialRequest,
    decode,
)
from activation_server.formats.offline_file import Kind
from activation_server.rules.license import App
from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Computer
from activation_server.services import activation as service
from activation_server.services import check_in, new_seat, trials
from activation_server.services.calls import Certified, Request
from activation_server.services.context import Context
from activation_server.web.requests import TooLargeError

_NOTHING, _ASKS_ALONE = Told(), Told(newsletter=True)
Outcome = CertificateAnswer | DeactivationAnswer | Refused
CallBody = ActivationRequest | ReactivationRequest | DeactivationRequest | TrialRequest
_BODIES: Final[Mapping[str, type[CallBody]]] = {
    "activate": ActivationRequest,
    "reactivate": ReactivationRequest,
    "deactivate": DeactivationRequest,
    "trial": TrialRequest,
}


@dataclass(frozen=True, slots=True)
class FileRequest:
    """An offline request file that was read: which call it asks for, and that call's body."""

    asks: OfflineRequest
    data: bytes = field(repr=False)

    def body(self) -> CallBody:
        """Read the body of the call. Raises RequestInvalidError."""
        return decode(_BODIES[self.asks.purpose], self.data)


async def activate(context: Context, data: bytes, network: str | None) -> Outcome:
    """Activate a computer for a license key. Raises RequestInvalidError, as all calls here.

    The network (see `rules/network.py`) is the one that sends, for its limits alone.
    """
    body = decode(ActivationRequest, data)
    if limited := context.limits.activation_of(body.license_key, network):
        return limited
    request = _request(body, product=body.product, license_key=body.license_key)
    result = await new_seat.activate(context, request)
    if not isinstance(result, Refused):
        context.limits.key_was_right(body.license_key, network)
        return _certified(context, result)
    if result.reason is Reason.LICENSE_NOT_FOUND:
        context.limits.key_was_wrong(network)
    return result


async def start_trial(context: Context, data: bytes) -> Outcome:
    """Give this computer a trial of a product."""
    body = decode(TrialRequest, data)
    result = await trials.start(context, _request(body, product=body.product, license_key=None))
    if isinstance(result, Refused):
        return result
    answered = _certified(context, result.certified)
    return TrialAnswer(**answered, license_key=result.license_key)


async def reactivate(
    context: Context, activation_id: str, data: bytes, network: str | None
) -> Outcome:
    """Take a check-in of an activation, from a network (see `rules/network.py`)."""
    body = decode(ReactivationRequest, data)
    known_as = activation_id_of(activation_id)
    if known_as is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)
    request = _request(body, product=body.product, license_key=body.license_key, network=network)
    result = await check_in.reactivate(context, known_as, body.check_in_token, request)
    return result if isinstance(result, Refused) else _certified(context, result)


async def deactivate(context: Context, activation_id: str, data: bytes) -> Outcome:
    """Give the seat of an activation back."""
    body = decode(DeactivationRequest, data)
    known_as = activation_id_of(activation_id)
    if known_as is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)
    result = await service.deactivate(context, known_as, body.check_in_token, body.request_id)
    if isinstance(result, Refused):
        return result
    seats = SeatsBody(limit=result.limit, used=result.used)
    return DeactivationAnswer(status="deactivated", seats=seats, server_time=context.now())


async def carry_out(context: Context, file: bytes, network: str | None) -> Outcome:
    """Carry out an offline request file. Raises what `read_file` and `answer_file` raise."""
    return await answer_file(context, read_file(file), network)


def read_file(file: bytes) -> FileRequest:
    """Read an offline request file. Raises TooLargeError, DamagedError or RequestInvalidError."""
    if len(file) > offline_file.MAX_FILE:
        raise TooLargeError
    data = offline_file.read(Kind.REQUEST, file)
    if len(data) > MAX_BODY:
        raise TooLargeError
    return FileRequest(decode(OfflineRequest, data), data)


async def answer_file(context: Context, file: FileRequest, network: str | None) -> Outcome:
    """Carry out the call that a file names, by the rules of that call. Raises RequestInvalidError.

    The network is that of whoever brings the file.
    """
    asks, data = file.asks, file.data
    match asks.purpose:
        case "activate":
            return await activate(context, data, network)
        case "reactivate":
            # The file's way here says nothing of the computer's network.
            return await reactivate(context, asks.named_activation(), data, network=None)
        case "deactivate":
            return await deactivate(context, asks.named_activation(), data)
        case "trial":
            return await start_trial(context, data)


def response_file(answer: CertificateAnswer | DeactivationAnswer) -> str:
    """Write the answer, as it is online, into a response file."""
    return offline_file.write(Kind.RESPONSE, to_json(answer))


def _request(
    body: ActivationRequest | ReactivationRequest | TrialRequest,
    *,
    product: str | None,
    license_key: str | None,
    network: str | None = None,
) -> Request:
    """Take from a body what the decision needs, and what it tells of a person."""
    return Request(
        request_id=body.request_id,
        nonce=base64url.decode(body.nonce),
        body=body.canonical(),
        hardware_id=body.hardware_id,
        components=body.components(),
        app=App(body.app.version, body.app.edition or None, body.app.released),
        computer=Computer(body.os.family, body.os.version),
        virtual_machine=body.virtual_machine,
        told=_told(body),
        product=product,
        license_key=license_key,
        network=network,
    )


def _told(body: ActivationRequest | ReactivationRequest | TrialRequest) -> Told:
    """Take what a body tells of a person: mostly nothing, at a check-in."""
    if not (body.name or body.company or body.email or body.comments or body.computer_name):
        return _ASKS_ALONE if body.newsletter else _NOTHING
    return Told(
        person=Person(body.name or None, body.company or None, body.email or None),
        comments=body.comments or None,
        computer_name=body.computer_name or None,
        newsletter=bool(body.newsletter),
    )


def _certified(context: Context, result: Certified) -> CertificateAnswer:
    activation = result.activation
    return CertificateAnswer(
        status=cast("Status", str(activation.last.outcome)),
        activation_id=activation.activation_id,
        certificate=result.certificate,
        check_in_token=result.check_in_token,
        check_in_after=activation.last.check_in_after,
        certificate_expires=activation.last.certificate_expires,
        seats=SeatsBody(limit=result.seats.limit, used=result.seats.used),
        notices=[
            NoticeBody(code=notice, message=problem.NOTICES[notice]) for notice in result.notices
        ],
        server_time=context.now(),
    )


def activation_id_of(text: str) -> UUID | None:
    """Read the id of an activation; `None` for what is none."""
    try:
        return uuids.from_text(text)
    except ValueError:
        return None
