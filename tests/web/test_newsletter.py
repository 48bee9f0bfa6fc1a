"""The newsletter through HTTP: an activation asks once, and to repeat it costs no question."""

from activation_server.rules.consent import State
from activation_server.services import newsletter
from tests.web.server import Json, Server, check_in, ok

ANA: Json = {"name": "Ana", "email": "ana@example.com"}


def test_an_activation_asks_and_a_check_in_that_repeats_it_costs_no_question(
    server: Server,
) -> None:
    key = server.issue().license_key
    answer = server.activated(key, **ANA, newsletter=True)
    known = server.run(newsletter.status(server.context, "ana@example.com"))
    assert known.in_force == {State.UNCONFIRMED}
    quiet = server.activated(server.issue().license_key)

    def statements(of: Json, **told: object) -> tuple[list[str], Json]:
        server.statements.clear()
        checked = ok(server.reactivate(of, check_in(of, **told)))
        return [*server.statements], checked

    plain, _ = statements(quiet)
    repeated, answer = statements(answer, **ANA, newsletter=True)
    assert repeated == plain
    changed, _ = statements(answer, **ANA, comments="Hello", newsletter=True)
    assert any("newsletter_consents" in one for one in changed)


def test_false_and_absent_ask_for_nothing(server: Server) -> None:
    before = server.rows()["newsletter_consents"]
    server.activated(server.issue().license_key, email="ben@example.com", newsletter=False)
    server.activated(server.issue().license_key, email="ben@example.com", newsletter=...)
    assert server.rows()["newsletter_consents"] == before
