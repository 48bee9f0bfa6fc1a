"""Products' lists of releases, as operators keep them, and as decisions use them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from activation_server.rules.audit import Action
from activation_server.rules.errors import NotFoundError
from activation_server.rules.license import App, License, version_key
from activation_server.rules.releases import Releases, normalised, released, standing_for
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.products import require_product
from activation_server.store import releases
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Release:
    """A listed version of a product, and the day it came out."""

    product: str
    version: str
    released: date
    before: date | None = None  # the day it had, where it was listed already


async def add(
    context: Context, product: str, version: str, day: date, reason: str | None = None
) -> Release:
    """List a version; listed already, it gets the new day. Raises OperatorError."""
    listed_as = normalised(version)

    async def work(connection: Connection) -> Release:
        await require_product(connection, product)
        before = await releases.of_versions(connection, product, [listed_as])
        await releases.put(connection, product, listed_as, day)
        release = Release(product, listed_as, day, before.get(listed_as))
        if release.before != day:
            await _note(context, connection, Action.RELEASE_ADDED, release, reason)
        return release

    return await context.database.transact(work)


async def list_all(context: Context, product: str) -> Sequence[Release]:
    """Give a product's releases, the highest version first. Raises OperatorError."""

    async def work(connection: Connection) -> Sequence[Release]:
        await require_product(connection, product)
        found = await releases.of_product(connection, product)
        versions = sorted(found, key=version_key, reverse=True)
        return [Release(product, version, found[version]) for version in versions]

    return await context.database.transact(work)


async def remove(
    context: Context, product: str, version: str, reason: str | None = None
) -> Release:
    """Take a version off the list. Raises OperatorError when it is not on it."""
    listed_as = normalised(version)

    async def work(connection: Connection) -> Release:
        await require_product(connection, product)
        found = await releases.of_versions(connection, product, [listed_as])
        if not found:
            msg = f"{product!r} has no release {listed_as!r}; `release list` shows them all."
            raise NotFoundError(msg)
        await releases.remove(connection, product, listed_as)
        release = Release(product, listed_as, found[listed_as])
        await _note(context, connection, Action.RELEASE_REMOVED, release, reason)
        return release

    return await context.database.transact(work)


async def _note(
    context: Context, connection: Connection, action: Action, release: Release, why: str | None
) -> None:
    details = {"released": release.released.isoformat()}
    subject = f"{release.product} {release.version}"
    await audit.note(context, connection, action, subject=subject, details=details, why=why)


def needs_date(license_: License, app: App) -> bool:
    """Whether the day counts on which an app's version came out, and it does not say.

    Only where maintenance ends: check-ins are the hot path.
    """
    return app.released is None and license_.maintained_until() is not None


def versions_of(app: App) -> str | None:
    """Give what an app's version may be listed as, with commas; none where it says its day."""
    return None if app.released is not None else ",".join(standing_for(app.version)) or None


def dated_by(app: App, listed: Releases) -> App:
    """Give the app with the day that its version came out, by these of the product's list."""
    return replace(app, released=released(app.version, listed))


async def dated(connection: Connection, license_: License, app: App) -> App:
    """Give the app with the day that its version came out, by the product's list."""
    versions = standing_for(app.version)
    if not versions:
        return app
    return dated_by(app, await releases.of_versions(connection, license_.product, versions))
