"""A check-in as one would ordinarily write it: FastAPI and SQLAlchemy's ORM.

One session and one transaction for each request: rows are locked and loaded as objects, decided
on, changed, committed; then the certificate is signed. Rules, formats and keys are the server's.
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uvloop
from fastapi import FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, registry, relationship

from activation_server import base64url, bootstrap
from activation_server.crypto.digests import hardware_digests
from activation_server.crypto.tokens import Presented
from activation_server.formats import certificate
from activation_server.rules import activation as rules
from activation_server.rules.activation import Granted
from activation_server.rules.hardware import identity, usable
from activation_server.rules.license import App, License, Status
from activation_server.rules.seat import Activation, Call, Computer
from activation_server.services.context import Context
from activation_server.services.keys import FIRST_KEY
from activation_server.settings import Settings
from activation_server.store import activation_rows, tables, terms
from activation_server.store.database import POOL_SIZE
from activation_server.web.telemetry import NO_TELEMETRY
from tests.load.baselines.answers import Answer, Seats
from tests.load.baselines.bare import CheckIn
from tests.load.baselines.serving import serve

mapped = registry()


class PolicyRow:
    """A row of `policies`."""


class ProductRow:
    """A row of `products`."""


class LicenseRow:
    """A row of `licenses`, with its policy and product."""


class ActivationRow:
    """A row of `activations`, with its license."""


mapped.map_imperatively(PolicyRow, tables.policies)
mapped.map_imperatively(ProductRow, tables.products)
mapped.map_imperatively(
    LicenseRow,
    tables.licenses,
    properties={
        "policy_row": relationship(PolicyRow, lazy="raise"),
        "product_row": relationship(
            ProductRow,
            lazy="raise",
            viewonly=True,
            primaryjoin=tables.licenses.c.product == tables.products.c.code,
            foreign_keys=tables.licenses.c.product,
        ),
    },
)
mapped.map_imperatively(ActivationRow, tables.activations)


@dataclass(frozen=True, slots=True)
class Service:
    """What the endpoint works with."""

    context: Context
    sessions: async_sessionmaker[AsyncSession]

    async def check_in(self, activation_id: UUID, body: CheckIn) -> Answer:
        """Take a check-in. Raises HTTPException."""
        presented = self.context.keyring.tokens.check(body.check_in_token, activation_id)
        if presented is None:
            raise HTTPException(404)
        async with self.sessions.begin() as session:
            row = await _activation(session, presented, activation_id)
            sold = await _license(session, presented.license_id)
            if row is None or sold is None:
                raise HTTPException(404)
            license_ = _license_of(sold)
            call, token = self._call(body, license_)
            decision = rules.reactivate(
                call,
                presented.seq,
                activation_rows.activation_of(
                    [getattr(row, one.name) for one in activation_rows.STORED]
                ),
                license_,
                FIRST_KEY,
                self.context.now(),
            )
            if not isinstance(decision, Granted):
                raise HTTPException(403)
            for name, value in activation_rows.columns_of(decision.activation, token).items():
                setattr(row, name, value)
        return self._answer(decision.activation, sold, license_)

    def _call(self, body: CheckIn, license_: License) -> tuple[Call, bytes]:
        digester = self.context.keyring.digester
        values = usable(body.hardware_id, body.components())
        call = Call(
            request_id=body.request_id,
            digest=digester.request_body(body.canonical()),
            nonce=base64url.decode(body.nonce),
            hardware=hardware_digests(license_.hardware_salt, values),
            app=App(body.app.version, body.app.edition, body.app.released),
            computer=Computer(body.os.family, body.os.version),
        )
        return call, digester.hardware(identity(values))

    def _answer(self, activation: Activation, sold: Any, license_: License) -> Answer:
        keyring, last = self.context.keyring, activation.last
        key = keyring.signing[FIRST_KEY]
        header = certificate.header(key.kid, sold.product_row.algorithm)
        claims = certificate.claims(
            activation, self.context.issuer, license_.product, license_.hardware_salt
        )
        return Answer(
            status="reactivated",
            activation_id=activation.activation_id,
            certificate=key.sign(header, claims),
            check_in_token=keyring.tokens.make(
                activation.license_id, activation.activation_id, activation.seq
            ),
            check_in_after=last.check_in_after,
            certificate_expires=last.certificate_expires,
            seats=Seats(limit=license_.terms.seats, used=license_.seats_used),
            notices=[],
            server_time=self.context.now(),
        )


async def _activation(session: AsyncSession, presented: Presented, activation_id: UUID) -> Any:
    key = (presented.license_id, activation_id)
    return await session.get(ActivationRow, key, with_for_update=True)


async def _license(session: AsyncSession, license_id: UUID) -> Any:
    question = (
        select(LicenseRow)
        .where(tables.licenses.c.license_id == license_id)
        .options(joinedload(LicenseRow.policy_row), joinedload(LicenseRow.product_row))  # type: ignore[attr-defined] # mapped above
        .with_for_update(of=LicenseRow)
    )
    return await session.scalar(question)


def _license_of(sold: Any) -> License:
    return License(
        license_id=sold.license_id,
        product=sold.product,
        policy=sold.policy,
        status=Status(sold.status),
        terms=terms.from_json(sold.policy_row.terms, sold.overrides),
        issued_at=sold.issued_at,
        started_at=sold.started_at,
        expires_at=sold.expires_at,
        maintenance_until=sold.maintenance_until,
        seats_used=sold.seats_used,
        hardware_salt=sold.hardware_salt,
    )


def make_app(service: Service) -> FastAPI:
    """Make the one call."""
    app = FastAPI(telemetry=NO_TELEMETRY)

    @app.post("/v1/activations/{activation_id}/reactivations")
    async def reactivate(activation_id: UUID, body: CheckIn) -> Answer:
        return await service.check_in(activation_id, body)

    return app


async def main() -> None:
    """Serve on the PostgreSQL of the data directory."""
    settings = Settings()
    with bootstrap.running_postgres(settings) as (url, _):
        engine = create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0)
        async with bootstrap.open_context(settings, url) as context:
            sessions = async_sessionmaker(engine, expire_on_commit=False)
            await serve(make_app(Service(context, sessions)))
        await engine.dispose()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
