"""The vendor's staff, as tools keep their accounts.

A token lets nobody in who may do more than itself: not by a role, not by a link, not otherwise.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import staff_report
from activation_server.formats.admin_answers.staff import (
    AccountAnswer,
    AccountShownAnswer,
    LinkAnswer,
    SignedOutAnswer,
    StaffAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.staff import (
    MemberBody,
    RoleBody,
    SignOutBody,
    StaffEmailBody,
)
from activation_server.rules.api_token import check_gives_role
from activation_server.rules.permissions import Permission
from activation_server.services import staff, staff_accounts, staff_identities
from activation_server.services.context import Context
from activation_server.services.staff_accounts import Account
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.routes import PREFIX, reading, writing

router = APIRouter(prefix=PREFIX, tags=["staff"])

_MANAGE: Final = Permission.STAFF_MANAGE
ETAG: Final = {"ETag": "the version of the account, for `If-Match`"}
AFTER: Final = writing(AccountAnswer, headers=ETAG)
Reader = Annotated[Caller, requires(_MANAGE)]
Adding = Annotated[Asked[MemberBody], asks(_MANAGE, MemberBody)]
Changing = Annotated[Asked[ReasonBody], asks(_MANAGE, ReasonBody, as_seen="account")]
SettingRole = Annotated[Asked[RoleBody], asks(_MANAGE, RoleBody, as_seen="account")]
SettingEmail = Annotated[Asked[StaffEmailBody], asks(_MANAGE, StaffEmailBody, as_seen="account")]
SigningOut = Annotated[Asked[SignOutBody], asks(_MANAGE, SignOutBody)]
AnyAsked = Asked[ReasonBody] | Asked[RoleBody] | Asked[StaffEmailBody]
Change = Callable[[Context, str], Awaitable[object]]  # of the one of a name


@router.get(
    "/staff",
    operation_id="listStaff",
    summary="List the vendor's staff",
    responses=reading(StaffAnswer),
)
async def list_staff(caller: Reader) -> Response:
    """Everybody by name: role, state, ways to sign in. Nothing opens anything."""
    found = await staff_accounts.list_all(caller.context)
    return described(StaffAnswer, {"staff": [_document(each) for each in found]})


@router.get(
    "/staff/{staff_id}",
    operation_id="showStaff",
    summary="Show somebody's account and sessions",
    responses=reading(AccountShownAnswer, headers=ETAG),
)
async def show_staff(caller: Reader, staff_id: UUID) -> Response:
    """With the browsers that are signed in, used last first; not where they are."""
    found = await staff_accounts.get(caller.context, staff_id)
    sessions = [staff_report.session(each) for each in found.sessions]
    document = {**_document(found), "sessions": sessions}
    return described(AccountShownAnswer, document, headers=_etag(found))


@router.post(
    "/staff",
    operation_id="addStaff",
    summary="Add somebody, with a link for one use",
    status_code=201,
    responses=writing(LinkAnswer, 201, headers=ETAG),
)
async def add_staff(asked: Adding) -> Response:
    """By the link they choose a password and set up an app, within 24 hours: keep it secret.

    A retry's answer has it too. The token must have every scope that the role has.
    """
    body = asked.body
    check_gives_role(asked.caller.token, body.role)

    async def add(context: Context) -> Made:
        name, role, email = body.name, body.role, body.email
        link = await staff_identities.add(context, name, role, email, why=body.reason)
        account = await staff_accounts.get(context, link.of.staff_id)
        return _linked(asked, account, link.url, 201)

    return await asked.once(add)


@router.post(
    "/staff/{staff_id}/link",
    operation_id="makeStaffLink",
    summary="Make a new link for who forgot the password or lost the phone",
    responses=writing(LinkAnswer, headers=ETAG),
)
async def make_staff_link(asked: Changing, staff_id: UUID) -> Response:
    """An earlier link is void; what they have goes on until this one is used: keep it secret.

    A retry's answer has it too. The token must have every scope that their role has.
    """

    async def make(context: Context) -> Made:
        name = await _let_in(asked, context, staff_id)
        link = await staff.make_link(context, name, why=asked.body.reason)
        return _linked(asked, await staff_accounts.get(context, staff_id), link.url)

    return await asked.on_account(staff_id, make)


@router.post(
    "/staff/{staff_id}/role",
    operation_id="setStaffRole",
    summary="Give somebody another role",
    responses=AFTER,
)
async def set_staff_role(asked: SettingRole, staff_id: UUID) -> Response:
    """From their next click on. The token must have every scope that the new role has."""
    body = asked.body
    check_gives_role(asked.caller.token, body.role)

    async def set_role(context: Context, name: str) -> object:
        return await staff.set_role(context, name, body.role, why=body.reason)

    return await _changed(asked, staff_id, set_role)


@router.post(
    "/staff/{staff_id}/email",
    operation_id="expectStaffEmail",
    summary="Let an account at the identity provider be theirs",
    responses=AFTER,
)
async def expect_staff_email(asked: SettingEmail, staff_id: UUID) -> Response:
    """The first one with this verified address. The token must have the scopes of their role."""
    body = asked.body

    async def expect(context: Context, name: str) -> object:
        return await staff_identities.expect(context, name, body.email, why=body.reason)

    return await _changed(asked, staff_id, expect, gives=True)


@router.post(
    "/staff/{staff_id}/unlink",
    operation_id="unlinkStaff",
    summary="Forget somebody's account at the identity provider",
    responses=AFTER,
)
async def unlink_staff(asked: Changing, staff_id: UUID) -> Response:
    """And the address that it is found by; their sessions go on."""

    async def unlink(context: Context, name: str) -> object:
        return await staff_identities.unlink(context, name, why=asked.body.reason)

    return await _changed(asked, staff_id, unlink)


@router.post(
    "/staff/{staff_id}/disable",
    operation_id="disableStaff",
    summary="Let somebody in no more",
    responses=AFTER,
)
async def disable_staff(asked: Changing, staff_id: UUID) -> Response:
    """At once: their sessions end, and an open link is void. The last administrator stays."""

    async def disable(context: Context, name: str) -> object:
        return await staff.disable(context, name, why=asked.body.reason)

    return await _changed(asked, staff_id, disable)


@router.post(
    "/staff/{staff_id}/enable",
    operation_id="enableStaff",
    summary="Let somebody in again",
    responses=AFTER,
)
async def enable_staff(asked: Changing, staff_id: UUID) -> Response:
    """With the password they had. The token must have every scope that their role has."""

    async def enable(context: Context, name: str) -> object:
        return await staff.enable(context, name, why=asked.body.reason)

    return await _changed(asked, staff_id, enable, gives=True)


@router.post(
    "/staff/{staff_id}/sign-out",
    operation_id="signStaffOut",
    summary="End somebody's sessions",
    responses=writing(SignedOutAnswer, headers=ETAG),
)
async def sign_staff_out(asked: SigningOut, staff_id: UUID) -> Response:
    """All, or one. Who still has what opens the console signs in again: to stop that, disable."""
    body = asked.body

    async def sign_out(context: Context) -> Made:
        account = await staff_accounts.get(context, staff_id, lock=True)
        name, only = account.of.name, body.session_id
        count = await staff.sign_out(context, name, only=only, why=body.reason)
        after = await staff_accounts.get(context, staff_id)
        document = {**_document(after), "sessions_ended": count}
        return Made(SignedOutAnswer, document, headers=_etag(after))

    return await asked.once(sign_out)


async def _changed(
    asked: AnyAsked, staff_id: UUID, change: Change, *, gives: bool = False
) -> Response:
    """Change an account once, as the tool saw it; `gives`: what the role may is given with it."""

    async def do(context: Context) -> Made:
        if gives:
            name = await _let_in(asked, context, staff_id)
        else:
            name = (await staff_accounts.get(context, staff_id)).of.name
        await change(context, name)
        after = await staff_accounts.get(context, staff_id)
        return Made(AccountAnswer, _document(after), headers=_etag(after))

    return await asked.on_account(staff_id, do)


async def _let_in(asked: AnyAsked, context: Context, staff_id: UUID) -> str:
    """Give the name of one who may do no more than the token. Raises NotGivenError."""
    account = await staff_accounts.get(context, staff_id)
    check_gives_role(asked.caller.token, account.of.role)
    return account.of.name


def _linked(asked: Asked[Any], account: Account, link: str, status: int = 200) -> Made:
    document = {**_document(account), "link": link}
    if asked.dry_run:
        gone = ("staff_id", "link") if status == 201 else ("link",)
        document |= dict.fromkeys(gone)
    return Made(LinkAnswer, document, status, _etag(account))


def _document(account: Account) -> staff_report.Json:
    of = account.of
    return staff_report.account(
        of.staff_id,
        staff_report.member(of.name, of.role, of.standing, of.added_at, of.link_until),
        last_seen=of.seen_on,
        disabled_at=of.disabled_at,
        single_sign_on=of.single_sign_on,
        has_password=account.has_password,
        passkeys=account.passkeys,
        codes_left=account.codes_left,
        sessions=len(account.sessions),
        version=account.version,
    )


def _etag(account: Account) -> dict[str, str]:
    return {"ETag": f'"{account.version}"'}
