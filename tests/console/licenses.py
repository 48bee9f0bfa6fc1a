"""Licenses on the console: sold, seated, and what is done with them there."""

from collections.abc import Mapping

from activation_server.rules.person import Person, Told
from activation_server.services import licensing
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from tests.console.forms import filled, hidden
from tests.console.staff import Browser
from tests.services.calls import granted, issue_one, make_request
from tests.web.server import Server

ANA = Person("Ana <script>alert(1)</script> Petrović", "Café & Co", "ana@example.com")


def sold(server: Server, **terms: object) -> LicenseView:
    """A license with a buyer."""

    async def work(context: Context) -> LicenseView:
        return await issue_one(
            context, overrides={"seats": 2, **terms}, buyer=ANA, order_reference="FS-1001"
        )

    return server.run(work(server.context))


def seat_on(server: Server, license_: LicenseView, computer: int) -> Certified:
    request = make_request(computer, license_.license_key, computer, told=Told(computer_name="pc"))
    return granted(server.run(activate(server.context, request)))


def path_of(license_: LicenseView, change: str = "") -> str:
    path = paths.LICENSE.format(license_id=license_.license.license_id)
    return f"{path}/{change}" if change else path


def status_of(server: Server, license_: LicenseView) -> str:
    shown = server.run(licensing.show(server.context, license_.license.license_id))
    return shown.view.license.status.value


def fill(browser: Browser, path: str, fields: Mapping[str, str]) -> tuple[int, str]:
    """Fill in a form, and look at what it would do."""
    answer = filled(browser, path, fields)
    return answer.status_code, answer.text


def confirm(browser: Browser, path: str, page: str) -> str:
    """Press the button that does it, and give where that leads."""
    answer = browser.send(path.partition("?")[0], {**hidden(page), "confirmed": "yes"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
