"""What staff can change about a license: what each is called, asks for, and does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from activation_server.rules.branch import TrueBranch
from activation_server.rules.errors import OperatorError
from activation_server.rules.license import MOST_DAYS, License, Status
from activation_server.rules.permissions import Permission
from activation_server.rules.reasons import Reason
from activation_server.rules.renewal import Renewal
from activation_server.rules.seat import Activation
from activation_server.services import (
    key_replacement,
    license_change,
    licensing,
    seat_changes,
    transfers,
)
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms
from activation_server.services.license_edit import ToChange
from activation_server.web.console import sale_form, terms_form
from activation_server.web.console.change_form import (
    Field,
    Given,
    LicenseChange,
    always,
    whole_number,
)

UseCase = Callable[[Context, UUID, str], Awaitable[object]]  # of a license, for a reason
MOST_SEATS: Final = 2**31 - 1
_NO_COMPUTER: Final = "There is no such computer; go back to the license, and choose one."


def _standing(change: str) -> Callable[[Context, Given], Awaitable[object]]:
    async def do(context: Context, given: Given) -> object:
        return await licensing.change_standing(context, given.license_id, change, given.reason)

    return do


def _with_reason(use_case: UseCase) -> Callable[[Context, Given], Awaitable[object]]:
    async def do(context: Context, given: Given) -> object:
        return await use_case(context, given.license_id, given.reason)

    return do


async def _renew(context: Context, given: Given) -> object:
    days = whole_number(given, "days", "Days", MOST_DAYS)
    wanted = Renewal(maintenance_days=days) if given.fields["what"] == "maintenance" else None
    renewal = wanted or Renewal(days=days)
    return await license_change.renew(context, given.license_id, renewal, given.reason)


async def _seats(context: Context, given: Given) -> object:
    unlimited = not given.fields["seats"]
    seats = None if unlimited else whole_number(given, "seats", "Seats", MOST_SEATS)
    return await _set(context, given, {"seats": seats})


async def _edition(context: Context, given: Given) -> object:
    return await _set(context, given, {"edition": given.fields["edition"] or None})


async def _virtual(context: Context, given: Given) -> object:
    return await _set(context, given, {"virtual": given.fields["virtual"]})


async def _set(context: Context, given: Given, terms: Mapping[str, object]) -> object:
    new = NewTerms(terms=terms)
    return await license_change.set_terms(context, given.license_id, new, given.reason)


async def _remove_computer(context: Context, given: Given) -> object:
    removed = await seat_changes.remove_activation(context, computer_of(given), given.reason)
    return _of_the_license(given, removed)


async def _declare(context: Context, given: Given) -> object:
    true = TrueBranch(given.fields["branch"])
    declared = await seat_changes.declare_branch(context, computer_of(given), true, given.reason)
    return _of_the_license(given, declared)


def computer_of(given: Given) -> UUID:
    """Give the computer that a change is about. Raises OperatorError."""
    try:
        return UUID(given.fields["computer"])
    except ValueError:
        raise OperatorError(_NO_COMPUTER) from None


def _of_the_license(given: Given, seat: Activation) -> Activation:
    """See that a computer is one of the license's; what was done is undone where it is not."""
    if seat.license_id != given.license_id:
        raise OperatorError(_NO_COMPUTER)
    return seat


def _renew_fields(_now: ToChange) -> Sequence[Field]:
    return (
        Field(
            "what",
            "What",
            choices={"license": "The license", "maintenance": "Its maintenance"},
        ),
        Field("days", "Days", kind="number"),
    )


def _seats_fields(now: ToChange) -> Sequence[Field]:
    return (
        Field(
            "seats",
            "Seats",
            hint="Empty for any number.",
            kind="number",
            required=False,
            value=str(now.view.license.terms.seats or ""),
        ),
    )


def _edition_fields(now: ToChange) -> Sequence[Field]:
    return (
        Field(
            "edition",
            "Edition",
            hint="As the app names it. Empty for any edition.",
            required=False,
            value=now.view.license.terms.edition or "",
        ),
    )


def _virtual_machines_fields(now: ToChange) -> Sequence[Field]:
    return (
        Field(
            "virtual",
            "In virtual machines",
            choices={"allow": "Works", "refuse": "Is refused"},
            value=now.view.license.terms.virtual.value,
        ),
    )


def _declare_fields(_now: ToChange) -> Sequence[Field]:
    return (
        Field(
            "branch",
            "The true one",
            choices={
                TrueBranch.LATEST.value: "The copy that checked in last",
                TrueBranch.OTHER.value: "The one that it left behind",
            },
        ),
    )


def _can_end(license_: License) -> bool:
    never = license_.expires_at is None and license_.terms.lasts is None
    return not never or license_.maintained_until() is not None


_SUPPORT, _CHANGE = Permission.LICENSES_SUPPORT, Permission.LICENSES_CHANGE

CHANGES: Final[Mapping[str, LicenseChange]] = MappingProxyType(
    {
        each.name: each
        for each in (
            LicenseChange(
                name="reinstate",
                title="Reinstate",
                about="The license works again. Its computers see it at their next check-in.",
                done="The license works again.",
                permission=_SUPPORT,
                offered=lambda license_: license_.status is not Status.ACTIVE,
                do=_standing("reinstate"),
            ),
            LicenseChange(
                name="convert",
                title="Turn into a license",
                about="The trial is bought: its computers work on, with the same key, by the terms "
                "of the policy, and see it at their next check-in.",
                done="The trial is a license now. Tell the customer its key: it may be needed to "
                "activate again.",
                permission=Permission.LICENSES_ISSUE,
                offered=lambda license_: license_.terms.trial_days is not None,
                do=sale_form.convert,
                fields=sale_form.fields,
            ),
            LicenseChange(
                name="renew",
                title="Extend",
                about="Adds days to the end, or counts them from today where that is past.",
                done="The license was extended.",
                undo="ends",
                permission=_CHANGE,
                offered=_can_end,
                do=_renew,
                fields=_renew_fields,
            ),
            LicenseChange(
                name="ends",
                title="Set the end",
                about="The day on which it ends, or its maintenance, instead of what its terms "
                "say. Its computers see it at their next check-in.",
                done="The end was set.",
                permission=_CHANGE,
                offered=always,
                do=terms_form.set_ends,
                fields=terms_form.end_fields,
                undo="ends",
                sparse=True,
            ),
            LicenseChange(
                name="seats",
                title="Change seats",
                about="How many computers may be activated at once. No seat in use is taken away.",
                done="The number of seats was changed.",
                undo="seats",
                permission=_CHANGE,
                offered=always,
                do=_seats,
                fields=_seats_fields,
            ),
            LicenseChange(
                name="terms",
                title="Change terms",
                about="Change what is to be different; the rest stays. A term that is changed here "
                "is the license's own from then on, whatever becomes of the policy. Its computers "
                "see it at their next check-in.",
                done="The terms were changed.",
                permission=_CHANGE,
                offered=always,
                do=terms_form.set_terms,
                fields=terms_form.fields,
                undo="terms",
                sparse=True,
            ),
            LicenseChange(
                name="edition",
                title="Change edition",
                about="Which edition of the app it covers.",
                done="The edition was changed.",
                undo="edition",
                permission=_CHANGE,
                offered=always,
                do=_edition,
                rare=True,
                fields=_edition_fields,
            ),
            LicenseChange(
                name="virtual-machines",
                title="Virtual machines",
                about="Whether it may be used in virtual machines.",
                done="The term was changed.",
                undo="virtual-machines",
                permission=_CHANGE,
                offered=always,
                do=_virtual,
                rare=True,
                fields=_virtual_machines_fields,
            ),
            LicenseChange(
                name="allow-transfer",
                title="Allow one more transfer",
                about="An app may give its seat back once more than the terms allow, and move to "
                "another computer. It counts as none of those that the terms allow.",
                done="One more transfer is allowed.",
                permission=_SUPPORT,
                offered=lambda license_: (
                    license_.terms.transfers is not None and not license_.transfer_allowed
                ),
                do=_with_reason(transfers.allow_one_more),
                undo="withdraw-transfer",
                rare=True,
            ),
            LicenseChange(
                name="withdraw-transfer",
                title="Take back the transfer",
                about="The one more transfer that was allowed, and not used yet.",
                done="No more transfers are allowed than by its terms.",
                permission=_SUPPORT,
                offered=lambda license_: license_.transfer_allowed,
                do=_with_reason(transfers.withdraw),
                undo="allow-transfer",
                rare=True,
            ),
            LicenseChange(
                name="new-key",
                title="Issue a new key",
                about="For a key that leaked: the old one is refused from now on, and the app says "
                "that there is a new one. Computers that are activated go on, with their seats: "
                "remove those that are not the customer's. The new key is shown when it is done. "
                "It can't be undone.",
                done="The license has a new key.",
                permission=_SUPPORT,
                offered=lambda license_: license_.status is not Status.REVOKED,
                do=_with_reason(key_replacement.replace_key),
                rare=True,
                danger=True,
            ),
            LicenseChange(
                name="suspend",
                title="Put on hold",
                about="Its computers are refused from their next check-in on, until it is "
                "reinstated.",
                done="The license is on hold.",
                permission=_SUPPORT,
                offered=lambda license_: license_.status is Status.ACTIVE,
                do=_standing("suspend"),
                undo="reinstate",
            ),
            LicenseChange(
                name="revoke",
                title="Revoke",
                about="Ends the license: it was refunded, charged back, or ended by you. Its "
                "computers are refused from their next check-in on.",
                done="The license was revoked.",
                permission=_CHANGE,
                offered=lambda license_: license_.status is not Status.REVOKED,
                do=_standing("revoke"),
                undo="reinstate",
                danger=True,
            ),
            LicenseChange(
                name="remove-computer",
                title="Remove a computer",
                about="Frees its seat. That computer is refused from its next check-in on, and may "
                "activate again while a seat is free. It counts as no transfer.",
                done="The seat is free.",
                permission=_SUPPORT,
                offered=lambda _license: False,
                do=_remove_computer,
                danger=True,
                of_computer=True,
            ),
            LicenseChange(
                name="declare",
                title="Declare the true copy",
                about="Two computers use one activation. The other one is refused from its next "
                "check-in on, and needs a seat of its own.",
                done="It is declared which copy is the true one.",
                permission=_SUPPORT,
                offered=lambda _license: False,
                do=_declare,
                fields=_declare_fields,
                of_computer=True,
            ),
        )
    }
)

# What helps with a refusal, beside what is done at the computer; "computers" is the table of them.
HELPS: Final[Mapping[Reason, tuple[str, ...]]] = MappingProxyType(
    {
        Reason.LICENSE_REVOKED: ("reinstate",),
        Reason.LICENSE_SUSPENDED: ("reinstate",),
        Reason.LICENSE_EXPIRED: ("renew", "ends"),
        Reason.EDITION_NOT_COVERED: ("edition",),
        Reason.VERSION_NOT_COVERED: ("renew", "terms"),
        Reason.VIRTUAL_MACHINE_REFUSED: ("virtual-machines",),
        Reason.CLONE_DETECTED: ("computers",),
        Reason.HARDWARE_MISMATCH: ("computers",),
        Reason.TRANSFER_LIMIT_REACHED: ("computers", "allow-transfer"),
        Reason.SEAT_LIMIT_REACHED: ("computers", "seats"),
    }
)
