"""Offline request files that somebody brings for a caller, to the console or to the admin API."""

from pydantic_core import to_json

from activation_server.rules.reasons import Refused
from activation_server.services.context import Context
from activation_server.services.offline_desk import Brought, Named
from activation_server.web import client_calls
from activation_server.web.client_calls import FileRequest


def brought_by(wanted: FileRequest, reason: str) -> Brought:
    """Make a file that was read into what the service takes. Raises RequestInvalidError."""
    body = wanted.body()
    token, activation_id = getattr(body, "check_in_token", None), None
    if token is not None:
        activation_id = client_calls.activation_id_of(wanted.asks.named_activation())
    named = Named(
        product=getattr(body, "product", None),
        license_key=None if token else getattr(body, "license_key", None),
        activation_id=activation_id,
        check_in_token=token,
    )

    async def carry_out(context: Context) -> bytes | Refused:
        # No network: who brings it is known, and whoever guesses keys is not behind their address.
        outcome = await client_calls.answer_file(context, wanted, network=None)
        return outcome if isinstance(outcome, Refused) else to_json(outcome)

    return Brought(wanted.data, wanted.asks.purpose, named, reason, carry_out)
