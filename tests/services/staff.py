"""Members of staff, invited, set up and signed in as they are in the console."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from activation_server.rules import totp
from activation_server.rules.permissions import Role
from activation_server.rules.staff import NotLetIn, Session, Why
from activation_server.services import sessions, set_up, sign_in, staff
from activation_server.services.context import Context
from activation_server.services.credentials import Caller, LetIn
from activation_server.services.set_up import SetUp
from tests.conftest import Clock

PASSWORD = "correct horse battery"
HERE = Caller("203.0.113.0/24")


@dataclass
class Member:
    """Somebody who is set up, with what they have at hand."""

    name: str
    secret: bytes
    browser: str
    session: str
    codes: list[str]
    password: str = PASSWORD
    used: int = 0  # the step of the last code

    def code(self, context: Context) -> str:
        """Wait for a code that was not used yet, and read it from the phone."""
        assert isinstance(context.clock, Clock)
        return self.code_by(context.clock)

    def code_by(self, clock: Clock) -> str:
        """Wait for a code by a clock."""
        unused = datetime.fromtimestamp((self.used + 1) * totp.STEP, UTC)
        clock.now = max(clock.now + timedelta(seconds=totp.STEP), unused)
        self.used = totp.step_at(clock.now.timestamp())
        return totp.code_at(self.secret, self.used)

    def code_now(self, context: Context) -> str:
        return totp.code_at(self.secret, totp.step_at(context.clock().timestamp()))


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


async def invited(context: Context, name: str = "ana", role: Role = Role.SUPPORT) -> str:
    """Add somebody; give the token of their link."""
    return token_of((await staff.add(context, name, role)).url)


async def set_up_by(context: Context, token: str, password: str = PASSWORD) -> Member:
    """Choose a password by a link."""
    offer = await set_up.offered(context, token)
    assert offer is not None
    me = Member(offer.name, offer.secret, "", "", [], password)
    done = await set_up.complete(context, token, password, password, me.code_now(context))
    assert isinstance(done, SetUp), done
    me.browser, me.session = done.let_in.browser, done.let_in.session
    me.used = totp.step_at(context.clock().timestamp())
    me.codes = list(done.codes)
    return me


async def member(context: Context, name: str = "ana", role: Role = Role.SUPPORT) -> Member:
    """Add somebody who chooses a password at once."""
    return await set_up_by(context, await invited(context, name, role))


async def signed_in(context: Context, me: Member, caller: Caller = HERE) -> LetIn:
    """Sign in with password and code."""
    ticket = await sign_in.check_password(context, me.name, me.password, caller)
    assert isinstance(ticket, str), ticket
    done = await sign_in.check_code(context, ticket, me.code(context), caller)
    assert isinstance(done, LetIn), done
    return done


async def session_of(context: Context, token: str) -> Session:
    """Give the session of a token, which must hold."""
    found = await sessions.find(context, token)
    assert found is not None
    return found


def why(done: object) -> Why:
    """Why somebody was not let in."""
    assert isinstance(done, NotLetIn), done
    return done.why
