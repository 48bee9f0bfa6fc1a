"""The desktop client's way to the server: HTTPS, a few tries with backoff, answers told apart."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

Json = dict[str, Any]

MAX_WAIT: Final = 30.0  # seconds: a server that asks for more is left alone until the next run
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


class ClientError(Exception):
    """Anything that ends a command; the text can be shown to a person."""


class MisuseError(ClientError):
    """The command can't be carried out as given; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: the body as text, exactly as it came, and read as JSON."""

    text: str = field(repr=False)
    body: Json = field(repr=False)


class RefusedError(ClientError):
    """The server understood and said no; `answer.body` is the problem (RFC 9457)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body.get("detail", "")))
        self.answer = answer


class UnreachableError(ClientError):
    """No answer from the license server, now; a request that was not answered is kept.

    `answer` is the problem, where the server sent one (OVERLOADED, RATE_LIMITED, a fault).
    """

    def __init__(self, message: str, answer: Answer | None = None) -> None:
        super().__init__(message)
        self.answer = answer


def connection(verify: ssl.SSLContext | None = None) -> httpx.Client:
    """Open HTTPS with certificates checked; `verify` brings other roots than the public ones."""
    return httpx.Client(
        verify=True if verify is None else verify,
        timeout=httpx.Timeout(15, connect=5),
        follow_redirects=False,  # a redirect could lead license keys elsewhere
    )


@dataclass(frozen=True, kw_only=True)
class Transport:
    """Sends a request until it is answered, a few times at most."""

    connect: Callable[[], httpx.Client] = connection
    chance: Callable[[], float]  # uniform in 0..1
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None  # hears why it takes long
    tries: int = 4
    allow_http: bool = False

    def exchange(self, method: str, url: str, body: Json | None = None) -> Answer:
        """Send and give the 2xx answer; RefusedError for a 4xx, else UnreachableError.

        Waits with full jitter, so that a fleet that lost its server does not come back at once.
        """
        with self.connect() as http:
            for attempt in range(1, self.tries + 1):
                try:
                    response = http.request(method, url, json=body)
                except httpx.HTTPError as error:
                    why = str(error) or type(error).__name__
                    failure = UnreachableError(f"The license server can't be reached ({why}).")
                    asked = 0.0
                    if _is_untrusted(error):  # and will not be trusted in a moment
                        break
                else:
                    outcome = _outcome(response)
                    if isinstance(outcome, Answer):
                        return outcome
                    failure, asked = outcome, _retry_after(response)
                wait = max(asked, self.chance() * min(MAX_WAIT, 2.0**attempt))
                if attempt == self.tries or wait > MAX_WAIT:
                    break
                self.tell(f"{failure} Trying again in {wait:.1f} seconds.")
                self.sleep(wait)
        raise failure

    def published_keys(self, server: str) -> dict[str, str]:
        """Fetch the server's Ed25519 keys: key id → raw key in base64url."""
        return read_jwks(self.exchange("GET", f"{server}/.well-known/jwks.json").body)

    def check(self, url: str) -> None:
        """Refuse by MisuseError what is no URL of a server, or would send keys in the clear."""
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and parts.scheme in {"http", "https"}
            plain_allowed = self.allow_http or parts.hostname in LOCAL_HOSTS
            httpx.URL(url)
        except (ValueError, httpx.InvalidURL):
            usable = plain_allowed = False
        if not usable:
            raise MisuseError("The server must be given as a URL, like https://licenses.example")
        if parts.scheme != "https" and not plain_allowed:
            raise MisuseError("License keys travel by HTTPS only: give an https:// server.")


def read_jwks(document: Json) -> dict[str, str]:
    """Give the Ed25519 keys of a JWK Set (RFC 7517, RFC 8037): key id → raw key in base64url."""
    keys = document.get("keys")
    return {
        str(key["kid"]): str(key["x"])
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("crv") == "Ed25519" and {"kid", "x"} <= key.keys()
    }


def _is_untrusted(error: BaseException | None) -> bool:
    """Tell whether the server's certificate was refused."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _outcome(response: httpx.Response) -> Answer | UnreachableError:
    """Tell an answer from a failure that may pass; raises for a refusal and for strangers."""
    answer = _answer(response)
    if response.is_success and answer is not None:
        return answer
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
        detail = answer.body.get("detail") if answer else None
        return UnreachableError(
            str(detail or f"The license server can't answer now ({response.status_code})."), answer
        )
    if response.is_client_error and answer is not None and "code" in answer.body:
        raise RefusedError(answer)
    # A captive portal or a proxy: no reason to forget the request.
    raise UnreachableError(
        f"Something else than the license server answered (status {response.status_code})."
    )


def _answer(response: httpx.Response) -> Answer | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return Answer(response.text, body) if isinstance(body, dict) else None


def _retry_after(response: httpx.Response) -> float:
    """Read `Retry-After` in seconds (RFC 9110, section 10.2.3); a date needs a right clock: 0."""
    value = response.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else 0.0
