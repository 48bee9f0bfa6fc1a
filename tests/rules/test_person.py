"""Who of a license is the same person, and what a search must find."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.person import (
    Known,
    Person,
    Placed,
    Role,
    Search,
    Told,
    index_parts,
    masked,
    masked_email,
    place,
)
from tests.names import needs_names, people

ANA = Person("Ana Popescu", "Exemplu SRL", "ana@example.com")
BUYER, USER, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Person("ANA POPESCU", None, "Ana@Example.com"), True),
        (Person("Ana Popescu"), True),
        (Person(email="ana@example.com"), True),
        (Person("Ana P.", None, "ana@example.com"), False),
        (Person("Ana Popescu", "Another SRL"), False),
        (Person(company="Exemplu SRL"), False),
        (Person(), False),
    ],
)
def test_who_is_the_same_person(other: Person, *, same: bool):
    assert ANA.is_same(other) is same
    assert other.is_same(ANA) is same


def test_a_company_alone_is_the_same_as_itself_alone():
    assert Person(company="Exemplu").is_same(Person(company="EXEMPLU"))
    assert not Person(company="Exemplu").is_same(Person("Ana", "Exemplu"))


def test_news_that_agree_are_of_the_user_so_far():
    user = Known(USER, Role.USER, Person("Ana Popescu"), 1)
    assert place(ANA, user, []) == Placed(USER, ANA)
    assert place(Person(), user, []) == Placed(USER, Person("Ana Popescu"))


def test_a_buyer_keeps_their_own_spelling_and_gains_what_was_not_known():
    buyer = Known(BUYER, Role.BUYER, Person("Ana Popescu", None, "ana@example.com"))
    told = Person("ana popescu", "Exemplu SRL", "ANA@example.com")
    assert place(told, None, [buyer]) == Placed(BUYER, ANA)


def test_who_uses_one_computer_alone_is_changed_by_it():
    user = Known(USER, Role.USER, ANA, 1)
    moved = Person(email="ana@example.org")
    assert place(moved, user, []) == Placed(USER, Person(ANA.name, ANA.company, moved.email))


@pytest.mark.parametrize(
    "current", [Known(USER, Role.USER, ANA, 2), Known(BUYER, Role.BUYER, ANA, 1)]
)
def test_who_uses_more_or_bought_is_left_as_they_are(current: Known):
    ben = Person("Ben", "B Ltd", "ben@example.com")
    assert place(ben, current, []) == Placed(None, ben)


def test_a_computer_that_changes_hands_leaves_nobody_behind():
    user, known = Known(USER, Role.USER, ANA, 1), Known(OTHER, Role.USER, Person("Ben"), 1)
    assert place(Person("Ben"), user, [known]) == Placed(OTHER, Person("Ben"), leaves=USER)


def test_nothing_told_is_nothing_to_store():
    assert not Told()
    assert Told(Person("Ana"))
    assert Told(comments="Hello")
    assert Told(Person("a", "b")).canonical() != Told(Person("a"), "b").canonical()


def test_nothing_shows_in_a_repr():
    text = repr((ANA, Told(ANA, "secret", "ANA-PC"), Known(USER, Role.USER, ANA)))
    assert not any(word in text for word in ("Ana", "Exemplu", "example", "secret", "ANA-PC"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Ana Popescu", "A… P…"), ("山田太郎", "山…"), ("", ""), (None, None)],
)
def test_a_name_is_masked(text: str | None, shown: str | None):
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [("ana@example.com", "a…@e….com"), ("ana@localhost", "a…@l…"), ("", ""), (None, None)],
)
def test_an_address_is_masked(address: str | None, shown: str | None):
    assert masked_email(address) == shown


texts = st.text(max_size=20)
persons = st.builds(
    Person, texts | st.none(), texts | st.none(), st.none() | st.just("Ana.P@Example.com")
)


@given(persons, st.lists(texts, max_size=2), texts | st.sampled_from(["@example.com", "ana.p@"]))
def test_the_index_leaves_out_nobody_that_is_searched_for(
    person: Person, computers: list[str], wanted: str
):
    _index_has_what_is_found(person, computers, wanted)


@needs_names
def test_the_index_leaves_out_nobody_of_real_names():
    some = list(people(3000, 1))
    for number, person in enumerate(some):
        other = some[number // 2]
        first, *_ = str(other.name).split()
        for wanted in (first, first[:3], str(other.email), str(other.company or "GmbH")):
            _index_has_what_is_found(person, ["PC-7"], wanted)
        assert Search.parse(str(person.name)).finds(person, [])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ana p", True),
        ("ana po", True),
        ("ana o", True),
        ("ana x", False),
        ("p ana", False),
        ("ana p ", False),
        ("ana-p", True),
        ("ana@example.com p", True),
        ("pop", True),
    ],
)
def test_a_word_goes_on_while_one_types(typed: str, found: bool):
    ana = Person("Ana Popescu", "Ohm GmbH", "ana@example.com")
    assert Search.parse(typed, typing=True).finds(ana, []) is found


@pytest.mark.parametrize(
    ("typed", "enough"),
    [("", False), ("an", False), ("ana", True), ("a b", False), ("李", True), ("@x.de", True)],
)
def test_a_search_while_one_types_needs_what_the_index_has(typed: str, enough: bool):
    assert Search.parse(typed, typing=True).begins() is enough


def _index_has_what_is_found(person: Person, computers: list[str], wanted: str) -> None:
    search, parts = Search.parse(wanted), index_parts(person, computers)
    if search.finds(person, computers):
        for any_of in search.alternatives():
            assert any(each <= parts for each in any_of)
