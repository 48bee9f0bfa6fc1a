"""What administrators can change about a member of staff: what it is called, says, and does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from activation_server import base64url
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.staff import Standing
from activation_server.services import confirmed, staff, staff_identities
from activation_server.services.context import Context
from activation_server.services.staff_accounts import Account
from activation_server.web.console.confirming import Asked

Do = Callable[[Context, Account, Asked], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class StaffChange:
    """One thing that an administrator can do."""

    name: str
    title: str
    about: str
    done: str
    offered: Callable[[Account], bool]
    do: Do
    danger: bool = False
    fields: tuple[str, ...] = ()
    takes_provider: bool = False  # it means nothing without an identity provider


def role_of(asked: Asked) -> Role:
    """Give the role that was chosen. Raises OperatorError."""
    try:
        return Role(asked.values["role"])
    except ValueError:
        msg = "Choose one of the roles."
        raise OperatorError(msg) from None


def link_token(context: Context, asked: Asked, whose: str) -> str:
    """Give what the link is made of that a form orders."""
    return base64url.encode(confirmed.secret(context, asked.key, f"link of {whose}"))


async def _set_role(context: Context, account: Account, asked: Asked) -> object:
    return await staff.set_role(context, account.of.name, role_of(asked), why=asked.reason)


async def _disable(context: Context, account: Account, asked: Asked) -> object:
    return await staff.disable(context, account.of.name, why=asked.reason)


async def _enable(context: Context, account: Account, asked: Asked) -> object:
    return await staff.enable(context, account.of.name, why=asked.reason)


async def _make_link(context: Context, account: Account, asked: Asked) -> object:
    name = account.of.name
    token = link_token(context, asked, name)
    return await staff.make_link(context, name, why=asked.reason, token=token)


async def _sign_out(context: Context, account: Account, asked: Asked) -> object:
    only = session_in(asked)
    return await staff.sign_out(context, account.of.name, only=only, why=asked.reason)


async def _expect(context: Context, account: Account, asked: Asked) -> object:
    name, email = account.of.name, asked.values["email"]
    return await staff_identities.expect(context, name, email, why=asked.reason)


async def _unlink(context: Context, account: Account, asked: Asked) -> object:
    return await staff_identities.unlink(context, account.of.name, why=asked.reason)


def session_in(asked: Asked) -> UUID | None:
    """Give the session that is to end; none where all are. Raises OperatorError."""
    try:
        return UUID(asked.values["session"]) if asked.values["session"] else None
    except ValueError:
        msg = "There is no such session; go back, and choose one."
        raise OperatorError(msg) from None


def _gets_in(account: Account) -> bool:
    return account.of.standing is not Standing.DISABLED


LINK: Final = "link"

CHANGES: Final[Mapping[str, StaffChange]] = MappingProxyType(
    {
        each.name: each
        for each in (
            StaffChange(
                name="role",
                title="Change role",
                about="What they may do, from their next click on.",
                done="The role was changed.",
                offered=lambda _account: True,
                do=_set_role,
                fields=("role",),
            ),
            StaffChange(
                name=LINK,
                title="Make a new link",
                about="For who forgot the password or lost the phone: by the link they choose a "
                "password and set up an app anew. Until they do, what they have goes on; then "
                "their passkeys, recovery codes and sessions end. An earlier link is void.",
                done="The link was made.",
                offered=_gets_in,
                do=_make_link,
            ),
            StaffChange(
                name="sign-out",
                title="End sessions",
                about="Ends sessions at once. Who still has password and code or a passkey signs "
                "in again: to keep somebody out, disable them.",
                done="The sessions are ended.",
                offered=lambda account: bool(account.sessions),
                do=_sign_out,
                fields=("session",),
            ),
            StaffChange(
                name="email",
                title="Allow single sign-on",
                about="The first account at the identity provider with this address, which the "
                "provider has verified, becomes theirs. From then on the account counts, whatever "
                "its address becomes. The address is not kept, only its digest.",
                done="Their first sign-in at the provider with this address links it.",
                offered=lambda account: _gets_in(account) and account.of.single_sign_on is None,
                do=_expect,
                fields=("email",),
                takes_provider=True,
            ),
            StaffChange(
                name="unlink",
                title="Unlink single sign-on",
                about="Forgets their account at the identity provider, or the address that it is "
                "expected with. Sessions go on: end them too, if need be.",
                done="The account at the provider is theirs no more.",
                offered=lambda account: account.of.single_sign_on is not None,
                do=_unlink,
            ),
            StaffChange(
                name="enable",
                title="Enable",
                about="Lets them in again, with the password they had.",
                done="They are let in again.",
                offered=lambda account: not _gets_in(account),
                do=_enable,
            ),
            StaffChange(
                name="disable",
                title="Disable",
                about="Lets them in no more, at once: their sessions end, and an open link is "
                "void. Two years later the account goes.",
                done="They are let in no more.",
                offered=_gets_in,
                do=_disable,
                danger=True,
            ),
        )
    }
)
