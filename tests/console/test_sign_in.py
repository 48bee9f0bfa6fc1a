"""Signing in and out in a browser, and what must not work."""

import pytest
from structlog.testing import CapturingLogger

from activation_server.rules import totp
from activation_server.rules.permissions import Role
from activation_server.services import staff
from activation_server.web import app
from activation_server.web.console import cookies, paths
from tests.console.staff import PASSWORD, Browser, browser_of, link_for, token_in
from tests.services.staff import member
from tests.web.server import Server

FLAGS = {"path=/", "secure", "httponly"}


def flags_of(cookie: str) -> tuple[str, set[str]]:
    value, *flags = cookie.split("; ")
    return value.partition("=")[0], {flag.lower() for flag in flags}


def test_password_then_code_lead_to_the_page_that_was_asked_for(server: Server):
    me = server.run(member(server.context, "asks"))
    browser, wanted = Browser(server), "/console/account?x=1"
    first = browser.get(wanted)
    assert first.status_code == 303
    assert first.headers["location"] == "/console/sign-in?next=/console/account%3Fx%3D1"
    page = browser.get(first.headers["location"])
    assert 'value="/console/account?x=1"' in page.text
    done = browser.sign_in(me, wanted)
    assert (done.status_code, done.headers["location"]) == (303, wanted)
    assert browser.get(wanted).status_code == 200
    assert browser.get(paths.SIGN_IN).headers["location"] == paths.HOME


def test_a_name_is_typed_in_any_case(server: Server):
    me = server.run(member(server.context, "anycase"))
    me.name = " AnyCase "
    assert Browser(server).sign_in(me).headers["location"] == paths.HOME


def test_cookies_are_for_this_host_over_https_and_not_for_scripts(server: Server):
    me = server.run(member(server.context, "flags"))
    browser = Browser(server)
    form = {"name": me.name, "password": PASSWORD}
    first = browser.send(paths.SIGN_IN, form)
    [ticket] = map(flags_of, first.headers.get_list("set-cookie"))
    assert ticket == (cookies.TICKET, FLAGS | {"samesite=strict", "max-age=300"})
    done = browser.send(paths.CODE, {"code": me.code(server.context)})
    given = dict(map(flags_of, done.headers.get_list("set-cookie")))
    assert given == {
        cookies.SESSION: FLAGS | {"samesite=lax"},  # until the browser is closed
        cookies.BROWSER: FLAGS | {"samesite=strict", "max-age=31536000"},
        cookies.TICKET: FLAGS | {"samesite=strict", "max-age=0"},
    }
    assert all(name.startswith("__Host-") for name in given)


def test_a_session_that_an_attacker_planted_is_not_the_one_one_signs_in_with(server: Server):
    me = server.run(member(server.context, "fixed"))
    browser = Browser(server)
    planted = "A" * 43
    browser.http.cookies.set(cookies.SESSION, planted)
    assert browser.get(paths.HOME).status_code == 303
    browser.sign_in(me)
    tokens = [each.value for each in browser.http.cookies.jar if each.name == cookies.SESSION]
    assert planted not in tokens[-1:]
    stranger = Browser(server)
    stranger.http.cookies.set(cookies.SESSION, planted)
    assert stranger.get(paths.HOME).status_code == 303


def test_a_session_that_is_over_leads_to_the_sign_in_and_back(server: Server):
    browser, me = browser_of(server, "over")
    server.world.clock.advance(minutes=31)
    answer = browser.get(paths.ACCOUNT)
    assert answer.headers["location"] == "/console/sign-in?next=/console/account"
    # Another window may have been given a new token just now, which must not be taken away.
    assert "set-cookie" not in answer.headers
    assert browser.sign_in(me, paths.ACCOUNT).headers["location"] == paths.ACCOUNT


def test_no_token_of_a_path_is_in_the_log(server: Server, monkeypatch: pytest.MonkeyPatch):
    link, browser = link_for(server, "logged"), Browser(server)
    log = CapturingLogger()  # whatever a command set up that ran in this process
    monkeypatch.setattr(app, "log", log)
    browser.get(link)
    browser.send(link, {"password": "Canary-9713", "repeated": "x", "code": "y"})
    assert [call.kwargs["route"] for call in log.calls] == [paths.SET_UP] * 2
    assert link.rsplit("/", 1)[1] not in str(log.calls)
    assert "Canary" not in str(log.calls)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("wrongs", "wrong password"),
        ("nobody-at-all", PASSWORD),
        ("", ""),
        ("a\x00b", "c\x00d"),
        ("n" * 30_000, "p" * 30_000),
    ],
)
def test_what_is_wrong_is_not_told_apart(server: Server, name: str, password: str):
    if name == "wrongs":
        server.run(member(server.context, name))
    browser = Browser(server)
    answer = browser.send(paths.SIGN_IN, {"name": name, "password": password})
    assert answer.status_code == 422
    assert "Name and password do not fit." in answer.text
    assert password not in answer.text or not password
    assert "set-cookie" not in answer.headers


def test_a_code_is_asked_for_only_after_the_password(server: Server):
    browser = Browser(server)
    assert browser.get(f"{paths.CODE}?next=/console/x").headers["location"] == (
        "/console/sign-in?next=/console/x"
    )
    answer = browser.send(paths.CODE, {"code": "123456"})
    assert (answer.status_code, "That took too long" in answer.text) == (422, True)


def test_a_code_that_was_seen_does_not_work_again(server: Server):
    browser, me = browser_of(server, "replayed")
    other = Browser(server)
    other.send(paths.SIGN_IN, {"name": me.name, "password": PASSWORD})
    answer = other.send(paths.CODE, {"code": me.code_now(server.context)})
    assert (answer.status_code, "was used already" in answer.text) == (422, True)
    assert other.cookie() == ""
    assert browser.get(paths.HOME).status_code == 200


def test_a_recovery_code_works_once(server: Server):
    me = server.run(member(server.context, "lost-phone"))
    for status in (303, 422):
        browser = Browser(server)
        browser.send(paths.SIGN_IN, {"name": me.name, "password": PASSWORD})
        assert browser.send(paths.CODE, {"code": me.codes[0]}).status_code == status


def test_guessing_is_slowed_down_and_says_for_how_long(server: Server):
    from activation_server.services.sign_in_limits import SignInLimits  # noqa: PLC0415

    me = server.run(member(server.context, "guessed"))
    limits = SignInLimits(60, 3, lambda: 10**18)
    object.__setattr__(server.context, "sign_in_limits", limits)
    try:
        browser = Browser(server)
        for _ in range(3):
            browser.send(paths.SIGN_IN, {"name": me.name, "password": "guess"})
        answer = browser.send(paths.SIGN_IN, {"name": me.name, "password": PASSWORD})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")
        assert "Try again in 20 seconds." in answer.text
        elsewhere = Browser(server, host="198.51.100.9")
        assert elsewhere.sign_in(me).status_code == 303
    finally:
        object.__setattr__(server.context, "sign_in_limits", SignInLimits())


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/console",
        "/\\evil.example",
        "\\\\evil.example",
        "/console\\@evil.example",
        "javascript:alert(1)",
        "/console\r\nSet-Cookie: x=y",
        "/console\n",
        "/console/\x00",
        "console",
        "/consoleevil",
        "/v1/activations",
        "/console/../v1",
        "/console/<script>",
        "/console#x",
        "/console/" + "a" * 1000,
        "",
    ],
)
def test_nobody_is_led_away_from_the_console(server: Server, wanted: str):
    name = f"led-{abs(hash(wanted)) % 10**8}"
    me = server.run(member(server.context, name))
    answer = Browser(server).sign_in(me, wanted)
    assert answer.headers["location"] == paths.HOME
    assert "x=y" not in str(answer.headers)


def test_what_is_typed_as_a_name_is_shown_as_text(server: Server):
    script = '"><script>alert(1)</script>\r\nX-Evil: 1'
    browser = Browser(server)
    answer = browser.send(paths.SIGN_IN, {"name": script, "password": "x"})
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "x-evil" not in answer.headers


def test_setting_up_shows_codes_once_and_signs_in(server: Server):
    link, browser = link_for(server, "fresh", Role.VIEWER), Browser(server)
    page = browser.get(link)
    assert page.status_code == 200
    secret = page.text.split('<code class="secret">')[1].split("</code>")[0]
    assert browser.get(link).text == page.text  # loaded again, it is the same
    wrong = browser.send(link, {"password": "short", "repeated": "short", "code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.text
    assert "short" not in wrong.text.replace("shortest", "")
    code = code_of(secret, server)
    chosen = {"password": PASSWORD, "repeated": PASSWORD, "code": code}
    done = browser.send(link, chosen)
    assert done.status_code == 200, done.text
    codes = [part.split("</code>")[0] for part in done.text.split("<li><code>")[1:]]
    assert len(set(codes)) == 10
    assert browser.get(paths.HOME).status_code == 200
    assert browser.send(link, chosen).status_code == 410
    assert Browser(server).get(link).status_code == 410


def code_of(secret: str, server: Server) -> str:
    import base64  # noqa: PLC0415

    raw = base64.b32decode(secret.replace(" ", ""))
    return totp.code_at(raw, totp.step_at(server.world.clock().timestamp()))


@pytest.mark.parametrize("token", ["x", "%00", "%0d%0aX-Evil:%201", "<script>", "é", "A" * 5000])
def test_what_is_no_link_says_so(server: Server, token: str):
    answer = Browser(server).get(f"/console/set-up/{token}")
    assert answer.status_code == 410
    assert "x-evil" not in answer.headers


def test_an_old_link_says_so(server: Server):
    link = link_for(server, "late")
    server.world.clock.advance(hours=24)
    assert Browser(server).get(link).status_code == 410
    form = {"password": PASSWORD, "repeated": PASSWORD, "code": "123456"}
    assert Browser(server).send(link, form).status_code == 410


def test_who_is_disabled_is_out_with_the_next_click(server: Server):
    browser, me = browser_of(server, "leaver")
    server.run(staff.disable(server.context, me.name))
    assert browser.get(paths.HOME).status_code == 303


def test_sessions_are_seen_and_ended(server: Server):
    browser, me = browser_of(server, "two-browsers")
    other = Browser(server)
    other.sign_in(me)
    page = browser.get(paths.ACCOUNT)
    assert page.text.count("This browser") == 1
    assert "End all others" in page.text
    shown = page.text.split('name="session" value="')[1:]
    ids = [part.split('"')[0] for part in shown]
    assert len(ids) == 2  # one from setting up, one of the other browser
    for session in ids:
        done = browser.post(f"{paths.ACCOUNT}/sessions/end", on=paths.ACCOUNT, session=session)
        assert (done.status_code, done.headers["location"]) == (303, paths.ACCOUNT)
    assert other.get(paths.HOME).status_code == 303
    other.sign_in(me)
    browser.post(f"{paths.ACCOUNT}/sessions/end", on=paths.ACCOUNT, others="yes")
    assert other.get(paths.HOME).status_code == 303
    assert browser.get(paths.HOME).status_code == 200


def test_nobody_ends_a_session_of_somebody_else(server: Server):
    browser, _ = browser_of(server, "meddler")
    other, them = browser_of(server, "meddled")
    sessions = server.run(staff.sessions(server.context, them.name))
    for session in (*(str(each.session_id) for each in sessions), "x", ""):
        browser.post(f"{paths.ACCOUNT}/sessions/end", on=paths.ACCOUNT, session=session)
    assert other.get(paths.HOME).status_code == 200


def test_new_recovery_codes_need_a_sign_in_just_now(server: Server):
    browser, me = browser_of(server, "careful")
    path = f"{paths.ACCOUNT}/recovery-codes"
    done = browser.post(path, on=paths.ACCOUNT)
    assert (done.status_code, "never again" in done.text) == (200, True)
    server.world.clock.advance(minutes=11)
    page = browser.get(paths.ACCOUNT)
    browser.http.headers["Referer"] = f"{server.world.issuer}{paths.ACCOUNT}"
    due = browser.send(path, {"form_token": token_in(page)})
    assert due.headers["location"] == "/console/step-up?next=/console/account"
    before = browser.cookie()
    form = {"password": PASSWORD, "code": me.code(server.context), "next": paths.ACCOUNT}
    again = browser.post(paths.STEP_UP, on=paths.STEP_UP, **form)
    assert (again.status_code, again.headers["location"]) == (303, paths.ACCOUNT)
    assert browser.cookie() not in {before, ""}
    # A form that was open meanwhile goes on; the token that the session had does not.
    assert browser.send(path, {"form_token": token_in(page)}).status_code == 200
    stolen = Browser(server)
    stolen.http.cookies.set(cookies.SESSION, before)
    assert stolen.get(paths.HOME).status_code == 303


def test_a_step_up_takes_no_wrong_word(server: Server):
    browser, me = browser_of(server, "stepper")
    for fields in (
        {"password": "wrong", "code": me.code(server.context)},
        {"password": PASSWORD, "code": "000000"},
        {"password": PASSWORD},
    ):
        answer = browser.post(paths.STEP_UP, on=paths.STEP_UP, **fields)
        assert answer.status_code == 422
    evil = {"password": PASSWORD, "code": me.code(server.context), "next": "https://evil.example"}
    done = browser.post(paths.STEP_UP, on=paths.STEP_UP, **evil)
    assert done.headers["location"] == paths.HOME
