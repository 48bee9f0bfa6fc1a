"""The server's settings: environment variables `ACTIVATION_…`, options of `serve` before them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


def _lifted(quota: object) -> object:
    """Take 0 and `none` for no limit."""
    return None if str(quota).strip().lower() in {"0", "none"} else quota


Quota = Annotated[Annotated[int, Field(ge=1, le=10**9)] | None, BeforeValidator(_lifted)]


class Settings(BaseSettings):
    """Everything that can be set, with what it means."""

    model_config = SettingsConfigDict(
        env_prefix="ACTIVATION_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or newer, `postgresql://user:password@host/database`; "
        "without it the server runs its own under `data_dir`",
    )
    data_dir: Path = Field(
        default=Path("var"), description="where the embedded PostgreSQL and its master key live"
    )
    master_key_file: Path | None = Field(
        default=None,
        description="file with the 32-byte master key (Base64 or hex); made by itself, in "
        "`data_dir`, for the embedded PostgreSQL only",
    )
    erasure_ledger: Path | None = Field(
        default=None,
        description="file that remembers erasures outside the database, so that a restored backup "
        "loses again what was erased; `data_dir`/erasures.jsonl by default. Keep a copy of it, "
        "apart from the database's backups",
    )
    archive_dir: Path | None = Field(
        default=None,
        description="directory of the archive of licenses that are over; `data_dir`/archive by "
        "default. Copy it off the machine",
    )
    archive_recipients: str = Field(
        default="",
        description="public keys of age (`age1…`) that the archive is encrypted to, separated by "
        "commas, or a file with one a line; the private keys belong on another machine",
    )
    newsletter_wording: str = Field(
        default="1",
        min_length=1,
        description="the version of the text that apps show beside the newsletter's box, kept with "
        "each consent; change it with the text",
    )
    issuer: str | None = Field(
        default=None,
        description="the server's public URL, `https://licenses.example.com`: the `iss` of every "
        "certificate; by default the address it serves on",
    )
    host: str = Field(default=DEFAULT_HOST, description="address to serve on")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="port to serve on")
    tls_cert: Path | None = Field(default=None, description="certificate chain (PEM) for HTTPS")
    tls_key: Path | None = Field(default=None, description="private key (PEM) for HTTPS")
    trusted_proxies: str = Field(
        default="",
        description="addresses or networks, separated by commas, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; from anywhere else they are not",
    )
    workers: int = Field(
        default=1,
        ge=1,
        description="processes that serve on the one address; each opens up to 20 connections to "
        "the database",
    )
    most_in_flight: Quota = Field(
        default=512,
        description="requests that are worked on at once; whoever comes then is asked to come back "
        "later, look-ups first, then activations, check-ins last; 0 or `none` lifts this limit, "
        "and each of the following",
    )
    network_check_ins: Quota = Field(
        default=100_000,
        description="check-ins a minute from one network: of an IPv4 address its /24, of an IPv6 "
        "address its /48",
    )
    network_activations: Quota = Field(
        default=10_000,
        description="activations a minute from one network, with trials, seats given back and "
        "offline files",
    )
    network_wrong_keys: Quota = Field(
        default=60,
        description="activations a minute with keys that there are not, from one network",
    )
    license_check_ins: Quota = Field(
        default=100_000, description="check-ins a minute for one license, with seats given back"
    )
    license_activations: Quota = Field(
        default=10_000, description="activations a minute with one license key"
    )
    token_calls: Quota = Field(
        default=600, description="calls a minute of the admin API with one API token"
    )
    reveals_a_day: Quota = Field(
        default=100,
        description="licenses a day that one member of staff, or one API token, may show in clear",
    )
    network_sign_ins: Quota = Field(
        default=60, description="attempts a minute to sign in to the console, from one network"
    )
    name_sign_ins: Quota = Field(
        default=10,
        description="of these, attempts a minute with one name; from a browser that somebody "
        "signed in with before, as many, whatever else comes from its network",
    )
    console_idle_minutes: int = Field(
        default=30, ge=1, le=1440, description="a session of the console ends unused after so long"
    )
    console_session_hours: int = Field(
        default=12, ge=1, le=24, description="a session of the console ends after so long"
    )
    console_fresh_minutes: int = Field(
        default=10,
        ge=1,
        le=1440,
        description="for so long after a sign-in the console lets do what needs one just now: show "
        "personal data in clear, export, erase, manage staff and keys",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="the issuer of your identity provider (OpenID Connect), as its "
        "`/.well-known/openid-configuration` has it: staff sign in to the console with it",
    )
    oidc_client_id: str = Field(default="", description="this server's client id at the provider")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="… and its secret; better in a file"
    )
    oidc_client_secret_file: Path | None = Field(default=None, description="file with the secret")
    oidc_name: str = Field(
        default="single sign-on",
        min_length=1,
        max_length=40,
        description="the provider's name, as on the button `Sign in with …`",
    )
    oidc_two_factors: bool = Field(
        default=False,
        description="the provider asks everybody for a second factor, so the console does not",
    )
    oidc_amr: str = Field(
        default="",
        description="values of `amr`, separated by commas, any of which says that the provider saw "
        "a second factor: `mfa`",
    )
    oidc_acr: str = Field(
        default="", description="the same of `acr`; they are asked for in this order"
    )
    oidc_required: bool = Field(
        default=False,
        description="nobody but administrators signs in with a password or a passkey alone",
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="json, text, or by whether standard error is a terminal"
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="least level logged"
    )

    @field_validator("issuer")
    @classmethod
    def _no_trailing_slash(cls, issuer: str | None) -> str | None:
        if issuer is not None and not issuer.startswith(("https://", "http://")):
            msg = "must be a URL that begins with https:// (or http:// for a trial run)"
            raise ValueError(msg)
        return issuer and issuer.rstrip("/")

    @model_validator(mode="after")
    def _tls_needs_both(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            msg = "tls_cert and tls_key are set together or not at all"
            raise ValueError(msg)
        return self

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_provider(cls, issuer: str | None) -> str | None:
        url = urlsplit(issuer or "")
        is_trial = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"}
        if issuer and not (url.scheme == "https" and url.hostname) and not is_trial:
            msg = "must be a URL that begins with https:// (or http://localhost for a trial run)"
            raise ValueError(msg)
        return issuer or None

    @model_validator(mode="after")
    def _provider_needs_a_client(self) -> "Settings":
        secrets = [self.oidc_client_secret, self.oidc_client_secret_file]
        if self.oidc_issuer and (not self.oidc_client_id or secrets.count(None) != 1):
            msg = (
                "oidc_issuer needs oidc_client_id, and the secret as oidc_client_secret_file or "
                "oidc_client_secret"
            )
            raise ValueError(msg)
        return self

    @property
    def ledger_file(self) -> Path:
        """The erasure ledger."""
        return self.erasure_ledger or self.data_dir / "erasures.jsonl"

    @property
    def archive_directory(self) -> Path:
        """The archive of licenses that are over."""
        return self.archive_dir or self.data_dir / "archive"

    @property
    def embedded(self) -> bool:
        """Whether the server runs its own PostgreSQL."""
        return self.database_url is None

    @property
    def address(self) -> str:
        """The URL it serves on."""
        scheme = "https" if self.tls_cert else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    @property
    def public_url(self) -> str:
        """The issuer of certificates."""
        return self.issuer or self.address
