"""What support can do about a refusal, in plain words."""

from collections.abc import Mapping
from typing import Final

from activation_server.formats.problem import TEXTS
from activation_server.rules.reasons import KEY_REPLACED, Reason

_NOTHING: Final = "Nothing about this license: the server or the network was busy. It passes."

_OLD_KEY_TITLE: Final = "An old license key was used"
_OLD_KEY: Final = (
    "Give the customer the new key, unless it is not they who use the old one: the license goes on."
)

ADVICE: Final[Mapping[Reason, str]] = {
    Reason.OVERLOADED: _NOTHING,
    Reason.RATE_LIMITED: _NOTHING,
    Reason.REQUEST_TOO_LARGE: "Tell the app's maker: the app sends too much.",
    Reason.REQUEST_INVALID: "Tell the app's maker: the app sends what the server doesn't take.",
    Reason.OFFLINE_FILE_INVALID: "Ask for the file again, as the app wrote it.",
    Reason.ACTIVATION_NOT_FOUND: "Ask the customer to activate again with the license key.",
    Reason.LICENSE_NOT_FOUND: "Read the key back to the customer, and check the product.",
    Reason.TRIAL_NOT_OFFERED: "Issue a license with an end, if a trial is to be granted.",
    Reason.ACTIVATION_REMOVED: "Ask the customer to activate again; the history tells who took the "
    "seat back and why.",
    Reason.REQUEST_ID_REUSED: "Tell the app's maker: the app repeats a request id with another "
    "body. Trying again helps.",
    Reason.LICENSE_REVOKED: "Read in the history why it was revoked; reinstate it if that was a "
    "mistake.",
    Reason.LICENSE_SUSPENDED: "Read in the history why it is on hold; reinstate it once that is "
    "settled.",
    Reason.LICENSE_EXPIRED: "Renew it, or give it a later end.",
    Reason.EDITION_NOT_COVERED: "Help the customer to install the edition of the license, or set "
    "the license to the other edition once it is paid for.",
    Reason.VERSION_NOT_COVERED: "Help the customer to go back to a covered version, or renew the "
    "maintenance.",
    Reason.HARDWARE_ID_UNUSABLE: "Ask which computer it is, and tell the app's maker: it reports "
    "nothing that tells it from others.",
    Reason.VIRTUAL_MACHINE_REFUSED: "Let the license run in virtual machines, if it is to: set "
    "its term `virtual` to `allow`.",
    Reason.CLONE_DETECTED: "Ask which computer is the right one and declare that branch the true "
    "one; the other needs a seat of its own.",
    Reason.HARDWARE_MISMATCH: "If it is the same computer with new parts, remove its old seat and "
    "let the customer activate again.",
    Reason.TRIAL_ALREADY_USED: "Give its trial a later end, or turn it into a license once it is "
    "paid for.",
    Reason.TRANSFER_LIMIT_REACHED: "Allow one more transfer, or remove the seat of the old "
    "computer: what support removes is not counted.",
    Reason.SEAT_LIMIT_REACHED: "Remove the seat of a computer that is no longer used, or set more "
    "seats once they are paid for.",
}


def advice(reason: Reason, evidence: Mapping[str, object]) -> Mapping[str, str]:
    """Give what is said of a refusal: its title and meaning, what each side can do."""
    text = TEXTS[reason]
    old_key = KEY_REPLACED in evidence
    return {
        "title": _OLD_KEY_TITLE if old_key else text.title,
        "meaning": text.meaning,
        "customer": text.person,
        "support": _OLD_KEY if old_key else ADVICE[reason],
    }
