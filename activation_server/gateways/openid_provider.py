"""An identity provider that speaks OpenID Connect: found by its issuer, asked for ID tokens.

Imported where one is set up, and first asked: Authlib takes long to load.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.rfc6749 import OAuth2Token
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jws import JWSRegistry

from activation_server.rules.single_sign_on import (
    SKEW,
    Asked,
    Identity,
    ProviderAwayError,
    Returned,
    WrongAnswerError,
)

Json = Mapping[str, Any]

_WITHIN: Final = 5.0  # seconds
_AT_ONCE: Final = 4  # a slow provider holds so many of staff's places, and leaves the others
_KEPT: Final = timedelta(
    hours=1
)  # endpoints and keys; a key that is not known is asked for at once
_SCOPE: Final = "openid email"
# Asymmetric ones alone: with others the public key, or the client's secret, would do to sign.
_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
# What a token endpoint may say is wrong (RFC 6749, 5.2); other words are not logged.
_ERRORS: Final = frozenset(
    {
        *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope"),
        *("unauthorized_client", "unsupported_grant_type"),
    }
)


@dataclass(frozen=True, slots=True)
class Client:
    """What this server is to the provider, as registered there; `levels`: `acr_values`."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What the provider says of itself, and since when that is known here."""

    metadata: Json
    at: datetime


class OpenIDProvider:
    """A provider, with what is known of it; nothing is asked before the first sign-in."""

    def __init__(self, client: Client, within: float = _WITHIN) -> None:
        self._client, self._within = client, within
        self._tls = httpx2.create_ssl_context()
        self._found: _Found | None = None
        self._keys: Json | None = None  # of the same hour
        self._talks = 0

    async def address(self, asked: Asked, now: datetime) -> str:
        """Give where a browser is sent to sign in. Raises ProviderAwayError."""
        async with self._talking(asked.redirect_uri) as http:
            metadata = await self._metadata(http, now)
        more: dict[str, object] = {"nonce": asked.nonce}
        if self._client.levels:
            more["acr_values"] = " ".join(self._client.levels)
        if asked.anew:
            more |= {"prompt": "login", "max_age": "0"}
        url, _ = http.create_authorization_url(
            metadata["authorization_endpoint"],
            state=asked.state,
            code_verifier=asked.code_verifier,
            **more,
        )
        return str(url)

    async def identity(self, returned: Returned, asked: Asked, now: datetime) -> Identity:
        """Exchange a code for an ID token, and see that it is good.

        Raises ProviderAwayError, WrongAnswerError.
        """
        async with self._talking(asked.redirect_uri) as http:
            metadata = await self._metadata(http, now)
            if not _is_of(returned, metadata):
                raise WrongAnswerError("issuer")
            http.token_endpoint_auth_method = _auth_method(metadata)
            token = await _exchange(http, metadata["token_endpoint"], returned.code, asked)
            claims = await self._claims(http, metadata, token, asked, now)
            claims = {**claims, **await _email(http, metadata, token, claims)}
        try:
            return _identity(claims)
        except (TypeError, ValueError, OverflowError, OSError):
            raise WrongAnswerError("claims") from None

    @asynccontextmanager
    async def _talking(self, redirect_uri: str) -> AsyncIterator[AsyncOAuth2Client]:
        """Talk to the provider, for so long in all. Raises ProviderAwayError."""
        client = AsyncOAuth2Client(
            self._client.client_id,
            self._client.secret,
            scope=_SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=self._within,
            verify=self._tls,
        )
        if self._talks >= _AT_ONCE:
            raise ProviderAwayError("busy")
        self._talks += 1
        try:
            async with asyncio.timeout(self._within), client as http:
                yield http
        except TimeoutError:
            raise ProviderAwayError("timeout") from None
        except httpx2.HTTPError as error:
            raise ProviderAwayError(type(error).__name__) from None
        finally:
            self._talks -= 1

    async def _metadata(self, http: AsyncOAuth2Client, now: datetime) -> Json:
        """Give the provider's endpoints, asked for now and then (OpenID Connect Discovery)."""
        if self._found is None or not timedelta(0) <= now - self._found.at < _KEPT:
            issuer = self._client.issuer.rstrip("/")
            metadata = await _get(http, issuer + "/.well-known/openid-configuration")
            if str(metadata.get("issuer")).rstrip("/") != issuer:
                raise ProviderAwayError("issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not self._is_safe(metadata.get(name)):
                    raise ProviderAwayError(name)
            if not self._is_safe(metadata.get("userinfo_endpoint")):
                metadata.pop("userinfo_endpoint", None)
            self._found, self._keys = _Found(metadata, now), None
        return self._found.metadata

    def _is_safe(self, url: object) -> bool:
        """Tell whether an endpoint is as safe as the issuer: HTTPS, but for a trial."""
        scheme = urlsplit(url).scheme if isinstance(url, str) else ""
        return scheme in {"https", urlsplit(self._client.issuer).scheme}

    async def _claims(
        self, http: AsyncOAuth2Client, metadata: Json, token: Json, asked: Asked, now: datetime
    ) -> Json:
        """Give what an ID token says, if its signature and all that it must say are right."""
        known = self._keys
        keys = known or await self._fetch_keys(http, metadata)
        try:
            return self._checked(token, keys, metadata, asked, now)
        except (InvalidKeyIdError, BadSignatureError):  # a new key, or one that is forged
            if known is None:
                raise WrongAnswerError("key") from None
        keys = await self._fetch_keys(http, metadata)
        try:
            return self._checked(token, keys, metadata, asked, now)
        except (InvalidKeyIdError, BadSignatureError):
            raise WrongAnswerError("key") from None

    def _checked(
        self, token: Json, keys: Json, metadata: Json, asked: Asked, now: datetime
    ) -> Json:
        """Check an ID token. Raises WrongAnswerError; of joserfc's own, those about the key."""
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        must = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": self._client.client_id},
            "sub": {"essential": True},
        }
        about = {
            "nonce": asked.nonce,
            "client_id": self._client.client_id,
            "access_token": token.get("access_token"),
        }
        try:
            key_set = KeySet.import_key_set(cast("KeySetSerialization", keys))
            signed = jwt.decode(token["id_token"], key_set, registry=registry)
            claims = CodeIDToken(signed.claims, signed.header, must, about)
            claims.validate(int(now.timestamp()), int(SKEW.total_seconds()))
        except (InvalidKeyIdError, BadSignatureError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library makes of it, it is no proof
            raise WrongAnswerError(type(error).__name__) from None
        return dict(claims)

    async def _fetch_keys(self, http: AsyncOAuth2Client, metadata: Json) -> Json:
        keys = self._keys = await _get(http, metadata["jwks_uri"])
        return keys


def _is_of(returned: Returned, metadata: Json) -> bool:
    """Tell whether an answer names this provider, if its answers do (RFC 9207)."""
    if returned.issuer is None:
        return metadata.get("authorization_response_iss_parameter_supported") is not True
    return bool(returned.issuer == metadata["issuer"])


def _auth_method(metadata: Json) -> str:
    """Choose how the client's secret is sent: as every provider takes it, if this one does."""
    offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


async def _exchange(http: AsyncOAuth2Client, endpoint: str, code: str, asked: Asked) -> Json:
    try:
        token: OAuth2Token = await http.fetch_token(
            endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=asked.code_verifier,
        )
    except OAuthError as error:
        kind = error.error if error.error in _ERRORS else "token_endpoint"
        raise WrongAnswerError(kind) from None
    except ValueError:
        raise ProviderAwayError("token_endpoint") from None
    if not isinstance(token.get("id_token"), str):
        raise WrongAnswerError("no_id_token")
    return dict(token)


async def _email(http: AsyncOAuth2Client, metadata: Json, token: Json, claims: Json) -> Json:
    """Ask for the e-mail address, where the ID token does not say it."""
    if "email" in claims or "userinfo_endpoint" not in metadata or "access_token" not in token:
        return {}
    try:
        told = await _get(http, metadata["userinfo_endpoint"], withhold_token=False)
    except (ProviderAwayError, httpx2.HTTPError, OAuthError):
        return {}  # who is linked already needs none
    if told.get("sub") != claims["sub"]:
        return {}
    return {name: told.get(name) for name in ("email", "email_verified")}


async def _get(http: AsyncOAuth2Client, url: str, *, withhold_token: bool = True) -> dict[str, Any]:
    """Get a JSON object. Raises ProviderAwayError, httpx2.HTTPError."""
    response = await http.request(
        "GET", url, withhold_token=withhold_token, headers={"Accept": "application/json"}
    )
    try:
        found = response.json() if response.status_code == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderAwayError("no_json")
    return found


def _identity(claims: Json) -> Identity:
    email, at = claims.get("email"), claims.get("auth_time")
    is_verified = claims.get("email_verified") in {True, "true"} and isinstance(email, str)
    methods, level = claims.get("amr"), claims.get("acr")
    return Identity(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email if is_verified else None,
        signed_in_at=None if at is None else datetime.fromtimestamp(int(at), UTC),
        methods=[str(each) for each in methods] if isinstance(methods, list) else (),
        level=level if isinstance(level, str) else None,
    )
