"""Refusals as problem details (RFC 9457): the one place that knows HTTP status codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from activation_server.formats.client_api import ProblemBody
from activation_server.rules.reasons import KEY_REPLACED, Notice, Reason

CONTENT_TYPE = "application/problem+json"
INTERNAL_FAULT = "INTERNAL_FAULT"  # no refusal: a fault of the server, its code in a 500


@dataclass(frozen=True, slots=True)
class Text:
    """What is said of one code: in the answer, and on its page."""

    status: int
    title: str
    detail: str  # for the person, may name evidence in {braces}
    meaning: str
    person: str  # what the person at the computer can do
    app: str  # what the app should do


_RETRY_LATER = "Wait as long as `Retry-After` says, then send the very same request again."
_NO_RETRY = "Do not retry automatically: show `detail`, and keep a certificate that is still valid."

TEXTS: Mapping[Reason, Text] = {
    Reason.OVERLOADED: Text(
        503,
        "The server is busy",
        "The license server can't answer right now. The app will try again by itself.",
        "The server has more to do than it can, or its database can't be reached for the moment.",
        "Nothing. An app that was activated goes on working meanwhile.",
        _RETRY_LATER,
    ),
    Reason.RATE_LIMITED: Text(
        429,
        "Too many requests",
        "Too many requests came from this network or for this license. Try again later.",
        "More requests came in a minute than the server takes from one network or for one license, "
        "or too many license keys from this network were wrong. Check-ins are counted apart.",
        "Wait a little and try again; check the license key for typing errors. An app that was "
        "activated goes on working meanwhile.",
        _RETRY_LATER,
    ),
    Reason.REQUEST_TOO_LARGE: Text(
        413,
        "The request is too large",
        "The app sent more than the license server takes.",
        "A request body is limited to 16 KiB, an offline file to 32 KiB.",
        "Shorten the comments, or tell the app's maker.",
        "Send less: the limits of every field are in the schema.",
    ),
    Reason.REQUEST_INVALID: Text(
        422,
        "The request is invalid",
        "The app sent something that the license server does not understand.",
        "A field is missing, too long or malformed, or the body is no JSON in UTF-8. "
        "`evidence.errors` names each fault by a JSON pointer.",
        "If you typed it, check your e-mail address; otherwise tell the app's maker.",
        "Mend the request: the schemas say what each field takes.",
    ),
    Reason.OFFLINE_FILE_INVALID: Text(
        422,
        "The offline file is damaged",
        "The offline file can't be read, see line {line}: {fault}.",
        "The file was changed on its way, is cut off, or is another kind of file. "
        "`evidence` names the line and what is wrong with it.",
        "Save the file from the app once more and send it as an attachment.",
        "Write the file anew from the same request.",
    ),
    Reason.ACTIVATION_NOT_FOUND: Text(
        404,
        "The activation is not known",
        "This computer's activation is not known here. Activate again with your license key.",
        "There is no such activation, or the check-in token is not the server's.",
        "Activate again with your license key.",
        "Activate again with the license key, if it is at hand, before asking the person.",
    ),
    Reason.LICENSE_NOT_FOUND: Text(
        404,
        "The license key is not valid",
        "This license key is not valid for this product. Check it for typing errors.",
        "The key is unknown, mistyped, or belongs to another product; which of these is not told.",
        "Copy the key from the message that it came in, and check that the product is right.",
        "Let the person correct the key; keys made here carry a check that works offline.",
    ),
    Reason.TRIAL_NOT_OFFERED: Text(
        404,
        "No trial is offered",
        "There is no trial of this product.",
        "The product has no trial policy, or there is no such product.",
        "Ask the vendor for a license.",
        _NO_RETRY,
    ),
    Reason.ACTIVATION_REMOVED: Text(
        410,
        "This activation was given back",
        "This computer's seat was given back or removed. Activate again to use the app here.",
        "The seat was given back by the app, or removed by support.",
        "Activate again with your license key, or ask support why the seat was removed.",
        "Offer to activate anew, with a new `request_id`.",
    ),
    Reason.REQUEST_ID_REUSED: Text(
        409,
        "The request id was used before",
        "The app repeated a request with other contents. Try again.",
        "A `request_id` names one request: it came before with another body.",
        "Try again; if it happens again, tell the app's maker.",
        "Make a new `request_id` for every new request, and repeat it only with the same body.",
    ),
    Reason.LICENSE_REVOKED: Text(
        403,
        "The license was revoked",
        "This license was ended by the vendor.",
        "The purchase was refunded or charged back, or the vendor ended the license. With "
        "`evidence.key_replaced`, a time, the license goes on, and its key was ended: the vendor "
        "issued a new one in its place. Computers that are activated go on checking in.",
        "Ask the vendor's support. Where the key was replaced, activate with the new one.",
        _NO_RETRY,
    ),
    Reason.LICENSE_SUSPENDED: Text(
        403,
        "The license is on hold",
        "This license is on hold.",
        "The vendor has put the license on hold; it can be reinstated.",
        "Ask the vendor's support.",
        "Go on checking in as usual: the hold may end.",
    ),
    Reason.LICENSE_EXPIRED: Text(
        403,
        "The license has expired",
        "This license has expired. Renew it to go on.",
        "The license's end and its days of grace are over.",
        "Renew the license with the vendor.",
        "Offer the renewal, and go on checking in: a renewal is seen at the next check-in.",
    ),
    Reason.EDITION_NOT_COVERED: Text(
        403,
        "This edition is not covered",
        "This license is for another edition of the app.",
        "The app says that it is another edition than the license covers.",
        "Install the edition that you bought, or upgrade the license.",
        _NO_RETRY,
    ),
    Reason.VERSION_NOT_COVERED: Text(
        403,
        "This version is not covered",
        "This version of the app is newer than the license covers.",
        "The version came out after the maintenance ended, or is above the highest version.",
        "Go back to the version that you had, or renew the maintenance.",
        "Tell which version is covered (`evidence`); never downgrade automatically.",
    ),
    Reason.HARDWARE_ID_UNUSABLE: Text(
        422,
        "This computer can't be identified",
        "This computer does not report anything that tells it from other computers.",
        "Every identifier sent is a placeholder such as zeros or “To Be Filled By O.E.M.”.",
        "Tell the app's maker which computer it is.",
        "Send more components, for example the operating system's machine id.",
    ),
    Reason.VIRTUAL_MACHINE_REFUSED: Text(
        403,
        "Virtual machines are not covered",
        "This license can't be used in a virtual machine.",
        "The license's policy refuses virtual machines.",
        "Use the app on a physical computer, or ask the vendor for another license.",
        _NO_RETRY,
    ),
    Reason.CLONE_DETECTED: Text(
        403,
        "This installation was copied",
        "Two computers use the same activation. Activate this one by itself.",
        "The activation lives on two computers, and this is the stale copy, or the one that "
        "support did not declare the true one.",
        "Activate this computer with a license key, or ask support.",
        "Offer to activate anew, with a new `request_id`.",
    ),
    Reason.HARDWARE_MISMATCH: Text(
        403,
        "This is another computer",
        "This activation belongs to another computer. Activate this one with your license key.",
        "The hardware is not that of the activated computer; `evidence` names what differs.",
        "Activate again with your license key; if all seats are taken, ask support to free one.",
        "Offer to activate anew.",
    ),
    Reason.TRIAL_ALREADY_USED: Text(
        409,
        "The trial is over",
        "This computer has had its trial of this product.",
        "A computer gets one trial of a product in a while.",
        "Buy a license, or ask the vendor for a longer trial.",
        _NO_RETRY,
    ),
    Reason.TRANSFER_LIMIT_REACHED: Text(
        409,
        "The license was moved too often",
        "This license was moved to other computers too often lately. The seat stays here.",
        "The policy limits how many seats are given back in a span of time.",
        "Wait, or ask support to allow one more move.",
        "Keep the activation: the seat still belongs to this computer.",
    ),
    Reason.SEAT_LIMIT_REACHED: Text(
        409,
        "All seats are taken",
        "All {limit} seats of this license are taken. Give one back on another computer first.",
        "As many computers are activated as the license has seats. Where `evidence.per` says "
        "`computer`, the policy allows one license per computer, and `evidence.license_id` is the "
        "one in use here; `virtual machines`: as many of these are activated as may be.",
        "Deactivate the app on a computer that you no longer use, buy more seats, or ask support.",
        _NO_RETRY,
    ),
}

_ONE_SEAT = {"limit": 1, "used": 1}
_ONE_SEAT_TAKEN = (
    "This license has one seat, which another computer holds. Give it back there first."
)
# What evidence tells better than the sentence of its code: a limit that is not the license's.
_DETAILS_PER: Mapping[object, str] = {
    "computer": "This computer is in use with another license of this product. Give that seat "
    "back first.",
    "virtual machines": "All {limit} seats that virtual machines may hold are taken.",
}

# What is said where a license goes on, and the key that came was replaced by a new one.
_OLD_KEY = (
    "This license key was replaced by a new one. Activate with the new key, or ask the vendor's "
    "support for it."
)

FAULT = Text(
    500,
    "The server has a fault",
    "The license server has a fault. Tell support this number: {incident}.",
    "Something went wrong in the server itself; `incident` finds it in the server's log.",
    "Nothing is lost: try again later, and tell support the number if it stays.",
    "Send the very same request again later; a certificate that is still valid stays so.",
)
PAGES: Mapping[str, Text] = {
    **{code.value: text for code, text in TEXTS.items()},
    INTERNAL_FAULT: FAULT,
}

NOTICES: Mapping[Notice, str] = {
    Notice.LICENSE_ENDS_SOON: "The license ends soon.",
    Notice.LICENSE_IN_GRACE: "The license has ended and still works for a few days of grace.",
    Notice.MAINTENANCE_ENDS_SOON: "The maintenance ends soon; later versions will not be covered.",
    Notice.MAINTENANCE_ENDED: "The maintenance has ended; newer versions are not covered.",
    Notice.UPGRADE_AVAILABLE: "A newer version is covered by the license.",
    Notice.OVERAGE: "More computers are in use than the license has seats.",
    Notice.HARDWARE_CHANGED: "The computer's hardware has changed; the seat was kept.",
    Notice.FORK_SEEN: "This installation looks restored from a backup, or copied.",
    Notice.CLONE_SUSPECTED: "This installation seems to be in use on two computers.",
    Notice.TRIAL_ENDS_SOON: "The trial ends soon.",
}


def slug(code: str) -> str:
    """Write a code as it stands in its URL: `seat-limit-reached`."""
    return code.lower().replace("_", "-")


def problem(
    issuer: str,
    reason: Reason,
    evidence: Mapping[str, object],
    server_time: datetime,
    retry_after: int | None = None,
) -> ProblemBody:
    """Write a refusal as the protocol's error body."""
    text = TEXTS[reason]
    return ProblemBody(
        type=f"{issuer}/problems/{slug(reason)}",
        title=text.title,
        status=text.status,
        detail=told(reason, evidence),
        code=reason,
        server_time=server_time,
        evidence=dict(evidence) or None,
        retry_after=retry_after,
    )


def told(reason: Reason, evidence: Mapping[str, object]) -> str:
    """Give the sentence that an app shows to the person at the computer."""
    detail = _detail(reason, evidence)
    return detail.format_map(evidence) if evidence else detail


def _detail(reason: Reason, evidence: Mapping[str, object]) -> str:
    if reason is Reason.SEAT_LIMIT_REACHED and evidence == _ONE_SEAT:
        return _ONE_SEAT_TAKEN
    if KEY_REPLACED in evidence:
        return _OLD_KEY
    return _DETAILS_PER.get(evidence.get("per"), TEXTS[reason].detail)


def fault(issuer: str, incident: str, server_time: datetime) -> ProblemBody:
    """Write an unexpected fault: it says nothing but the id that finds the log line."""
    return ProblemBody(
        type=f"{issuer}/problems/{slug(INTERNAL_FAULT)}",
        title=FAULT.title,
        status=FAULT.status,
        detail=FAULT.detail.format(incident=incident),
        code=INTERNAL_FAULT,
        server_time=server_time,
        incident=incident,
    )
