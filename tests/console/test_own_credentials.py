"""Members of staff change their own password and app; what they had before opens nothing."""

import base64

import pytest

from activation_server.rules import totp
from activation_server.rules.audit import Wanted
from activation_server.services import audit_list
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.web.console import paths
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.services.staff import PASSWORD, Member
from tests.web.server import Server

NEW = "another long password"
CHANGE = {"old": PASSWORD, "password": NEW, "repeated": NEW}


def last_action(server: Server, name: str) -> tuple[str, object]:
    found = server.run(audit_list.newest(server.context, Wanted(who=name, limit=1), None))
    return str(found[0].entry.action), found[0].entry.details


def test_a_password_is_changed_and_other_sessions_end(server: Server):
    browser, me = browser_of(server, "changes")
    other = Browser(server)
    other.sign_in(me)
    before = browser.cookie()
    done = browser.post(paths.PASSWORD, on=paths.PASSWORD, **CHANGE)
    assert done.headers["location"] == f"{paths.ACCOUNT}?done=password"
    assert last_action(server, "changes") == ("password_changed", {"sessions": 2})
    assert browser.cookie() != before
    assert "Your password is changed." in browser.get(done.headers["location"]).text
    assert other.get(paths.HOME).status_code == 303
    old = Browser(server).send(paths.SIGN_IN, {"name": me.name, "password": PASSWORD})
    assert old.status_code == 422
    me.password = NEW
    assert Browser(server).sign_in(me).status_code == 303
    assert server.run(_knows(browser, me))  # this browser is still known by that name


async def _knows(browser: Browser, me: Member) -> bool:
    from activation_server.services.credentials import Caller, known_browser  # noqa: PLC0415
    from activation_server.store import staff  # noqa: PLC0415
    from activation_server.web.console import cookies  # noqa: PLC0415

    context = browser.server.context
    found = await context.database.transact(lambda each: staff.named(each, me.name))
    return known_browser(context, found, Caller(None, browser.cookie(cookies.BROWSER))) is not None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"old": "wrong"}, "This is not your password."),
        ({"password": "short", "repeated": "short"}, "at least 12"),
        ({"repeated": "another one"}, "not the same password"),
        ({"password": PASSWORD, "repeated": PASSWORD}, "another one than before"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    server: Server, changed: dict[str, str], said: str
):
    browser, me = browser_of(server, f"wrongs-{len(said)}")
    answer = browser.post(paths.PASSWORD, on=paths.PASSWORD, **{**CHANGE, **changed})
    assert (answer.status_code, said in answer.text) == (422, True)
    for typed in (*changed.values(), PASSWORD):
        assert f'value="{typed}"' not in answer.text
    assert Browser(server).sign_in(me).status_code == 303


def test_guessing_the_old_password_is_slowed_down(server: Server):
    browser, _ = browser_of(server, "left-unlocked")
    limits = SignInLimits(60, 2, lambda: 10**18)
    before = server.context.sign_in_limits
    object.__setattr__(server.context, "sign_in_limits", limits)
    try:
        wrong = {**CHANGE, "old": "guess"}
        statuses = [
            browser.post(paths.PASSWORD, on=paths.PASSWORD, **wrong).status_code for _ in range(3)
        ]
    finally:
        object.__setattr__(server.context, "sign_in_limits", before)
    assert statuses == [422, 422, 429]


def test_another_app_takes_the_place_of_the_old_one(server: Server):
    browser, me = browser_of(server, "new-phone")
    other = Browser(server)
    other.sign_in(me)
    page = browser.get(paths.APP)
    wrong = browser.send(paths.APP, {**hidden(page.text), "code": "000000"})
    secret = page.text.split('<code class="secret">')[1].split("</code>")[0]
    assert (wrong.status_code, secret in wrong.text) == (422, True)
    raw = base64.b32decode(secret.replace(" ", ""))
    code = totp.code_at(raw, totp.step_at(server.world.clock().timestamp()))
    done = browser.send(paths.APP, {**hidden(page.text), "code": code})
    assert done.headers["location"] == f"{paths.ACCOUNT}?done=app"
    assert last_action(server, "new-phone") == ("authenticator_changed", {"sessions": 2})
    assert other.get(paths.HOME).status_code == 303
    stolen = Browser(server)
    stolen.send(paths.SIGN_IN, {"name": me.name, "password": PASSWORD})
    assert stolen.send(paths.CODE, {"code": me.code(server.context)}).status_code == 422
    me.secret, me.used = raw, totp.step_at(server.world.clock().timestamp())
    assert Browser(server).sign_in(me).status_code == 303


@pytest.mark.parametrize("path", [paths.PASSWORD, paths.APP])
def test_both_need_a_sign_in_just_now(server: Server, path: str):
    browser, me = browser_of(server, f"stale-{path[-3:]}")
    form = hidden(browser.get(path).text)
    server.world.clock.advance(minutes=11)
    assert browser.get(path).headers["location"] == f"{paths.STEP_UP}?next={path}"
    assert browser.send(path, {**form, **CHANGE}).headers["location"].startswith(paths.STEP_UP)
    assert Browser(server).sign_in(me).status_code == 303
