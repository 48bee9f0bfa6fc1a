"""Licenses issued by somebody who sees first what they would be, and presses a button once.

Looking is the issue itself, undone. The keys are kept sealed for a day for the very same form.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from activation_server.formats import admin_api
from activation_server.formats.admin_api import Json
from activation_server.rules.errors import OperatorError
from activation_server.rules.explanation import Facts, explain
from activation_server.rules.license_change import own_terms
from activation_server.services import licensing, tool_calls
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.tool_calls import ToolCall, Work

_OF_ONE: Final = ("license_id", "license_key")  # what differs from one license to the next


@dataclass(frozen=True, slots=True)
class Issue:
    """Licenses that somebody wants to issue."""

    key: str  # of the form: sent twice, it is done once
    asked: bytes = field(repr=False)  # all that is asked for: the same for the same form
    order: Order


@dataclass(frozen=True, slots=True)
class Issued:
    """Licenses that are issued alike, each with its key."""

    license: Json  # what holds for each of them
    explanation: Sequence[str]
    keys: Sequence[tuple[UUID, str]] = field(repr=False)


async def look(context: Context, issue: Issue) -> Issued:
    """Tell what would be issued; its keys are none that will be. Raises OperatorError."""
    return await _once(context, issue, _work(issue), dry_run=True)


async def carry_out(context: Context, issue: Issue) -> Issued:
    """Issue licenses; the same form again gives the same ones. Raises OperatorError."""
    return await _once(context, issue, _work(issue))


async def issued_before(context: Context, issue: Issue) -> Issued:
    """Give what a form issued, and issue nothing. Raises OperatorError when that is forgotten."""

    async def forgotten(_inner: Context) -> bytes:
        raise OperatorError("These keys are kept no longer; each license's page shows its own.")

    return await _once(context, issue, forgotten)


async def _once(context: Context, issue: Issue, work: Work, *, dry_run: bool = False) -> Issued:
    answered = await tool_calls.once(context, ToolCall(issue.key, issue.asked, dry_run), work)
    license_, explanation, keys = json.loads(answered.answer)
    return Issued(license_, explanation, [(UUID(id_), key) for id_, key in keys])


def _work(issue: Issue) -> Work:
    async def done(inner: Context) -> bytes:
        views = await licensing.issue(inner, issue.order, lambda _done: None)
        keys = [(str(view.license.license_id), view.license_key) for view in views]
        return json.dumps([_alike(inner, views[0]), _explained(inner, views[0]), keys]).encode()

    return done


def _alike(context: Context, view: LicenseView) -> Json:
    document = admin_api.license_(view.license, "", view.order_reference, context.now())
    return {name: each for name, each in document.items() if name not in _OF_ONE}


def _explained(context: Context, view: LicenseView) -> Sequence[str]:
    own = own_terms(view.license, view.overrides)
    return explain(Facts(view.license, own, None, 0, context.now()))
