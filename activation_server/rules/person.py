"""People on a license: who bought it, who uses it, what they told, and which of them are one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from activation_server.rules.folding import (
    BEGINNING,
    beginnings,
    fold,
    is_found,
    is_unspaced,
    needed,
    words,
)


class Role(StrEnum):
    """Why a person is known."""

    BUYER = "buyer"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is; nothing of it shows in a repr."""

    name: str | None = field(default=None, repr=False)
    company: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Whether anything is known of them."""
        return bool(self.name or self.company or self.email)

    def told(self, news: Self) -> Self:
        """Give the same person with what they told anew; what they did not tell stays."""
        given = {name: text for name in PERSON if (text := getattr(news, name))}
        return replace(self, **given)

    def agrees(self, other: Self) -> bool:
        """Whether nothing that both told differs."""
        return all(
            fold(mine) == fold(theirs)
            for name in PERSON
            if (mine := getattr(self, name)) and (theirs := getattr(other, name))
        )

    def is_same(self, other: Self) -> bool:
        """Whether two are one person: they agree, and both told a name or an address.

        A company alone names nobody, unless it is all that is known of both.
        """
        named = bool((self.email and other.email) or (self.name and other.name))
        return self.agrees(other) and (named or (self._only_company() and other._only_company()))

    def _only_company(self) -> bool:
        return bool(self.company) and not (self.name or self.email)


PERSON = tuple(each.name for each in fields(Person))


@dataclass(frozen=True, slots=True)
class Told:
    """What a computer tells of the person who uses it; empty texts are not told."""

    person: Person = field(default_factory=Person)
    comments: str | None = field(default=None, repr=False)
    computer_name: str | None = field(default=None, repr=False)
    newsletter: bool = False

    def __bool__(self) -> bool:
        """Whether anything is told."""
        return bool(self.person or self.comments or self.computer_name)

    def canonical(self) -> bytes:
        """Give the bytes that are the same when the same is told."""
        values = [getattr(self.person, name) for name in PERSON]
        values += [self.comments, self.computer_name, "newsletter" if self.newsletter else None]
        return "\x00".join(value or "" for value in values).encode()


@dataclass(frozen=True, slots=True)
class Computer:
    """What is known of a computer that a person uses."""

    name: str | None = field(default=None, repr=False)
    comments: str | None = field(default=None, repr=False)
    commented_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is known of a person on a license; of one who was erased nothing but when."""

    license_id: UUID
    person_id: UUID
    role: Role
    contacted_at: datetime  # other than by a check-in
    erased_at: datetime | None = None
    person: Person = field(default_factory=Person)
    computers: Mapping[UUID, Computer] = field(default_factory=dict, repr=False)  # of many some
    computers_total: int = 0
    version: str = ""  # the same until the person is another one, or is erased


@dataclass(frozen=True, slots=True)
class Known:
    """A person of a license, as stored."""

    person_id: UUID
    role: Role
    person: Person
    computers: int = 0  # that the person uses, of this license
    held: bool = False  # by a legal hold
    outdated: Collection[str] = ()  # what of the news was put right since

    def read(self, told: Person) -> Person:
        """Read what is told as being of this person: what was put right counts as it is now."""
        now = {name: getattr(self.person, name) for name in self.outdated}
        return replace(told, **now)

    def with_news(self, told: Person) -> Person:
        """Give the person with what they agree with; a buyer's own spelling stays."""
        news = self.read(told)
        return news.told(self.person) if self.role is Role.BUYER else self.person.told(news)


@dataclass(frozen=True, slots=True)
class Placed:
    """Which person of the license uses a computer now."""

    person_id: UUID | None  # none: a person who is not known yet
    person: Person  # as to be stored
    leaves: UUID | None = None  # nobody's any more, and to be deleted


def place(told: Person, current: Known | None, others: Sequence[Known]) -> Placed:
    """Decide whom a computer's news are about: its user so far, somebody known, or a new person.

    A person who bought the license, who uses other computers too, or who is under a legal hold, is
    not changed by what one computer says otherwise: that one's user is then another person. What
    was put right is no news: of whom it was, it is read as it is now.
    """
    if current is not None and current.person.agrees(current.read(told)):
        return Placed(current.person_id, current.with_news(told))
    alone = (
        current is not None
        and current.role is Role.USER
        and current.computers <= 1
        and not current.held
    )
    for known in others:
        if known.person.is_same(known.read(told)):
            leaves = current.person_id if current is not None and alone else None
            return Placed(known.person_id, known.with_news(told), leaves)
    if current is None:
        return Placed(None, told)
    return Placed(current.person_id if alone else None, current.person.told(current.read(told)))


class Indexed(StrEnum):
    """What a person is searched by."""

    EMAIL = "email"  # a whole address
    DOMAIN = "domain"
    WORD = "word"  # of the name or the company
    COMPUTER = "computer"  # a word of a computer's name
    ORDER = "order"  # of a license: its reference, whole


# What the index holds of a person, or must hold: which kind of part, and the part, folded.
Part = tuple[Indexed, str]


def index_parts(person: Person, computers: Iterable[str]) -> set[Part]:
    """Give everything that a person is found by, folded."""
    own = " ".join(text for text in (person.name, person.company) if text)
    parts = {
        (kind, beginning)
        for kind, text in ((Indexed.WORD, own), (Indexed.COMPUTER, " ".join(computers)))
        for word in words(text)
        for beginning in beginnings(word)
    }
    if person.email:
        local, domain = split_email(person.email)
        parts |= {(Indexed.EMAIL, f"{local}@{domain}"), (Indexed.DOMAIN, domain)}
    return parts


def split_email(address: str) -> tuple[str, str]:
    """Give the two parts of an e-mail address, folded."""
    local, _, domain = fold(address.strip()).rpartition("@")
    return local, domain


@dataclass(frozen=True, slots=True)
class Search:
    """A search for people: every word and every address of it must be found."""

    words: tuple[str, ...] = field(repr=False)
    emails: tuple[tuple[str, str], ...] = field(repr=False)  # an empty first part: any of a domain
    begun: str = field(default="", repr=False)  # the first letters of one more word

    @classmethod
    def parse(cls, text: str, *, typing: bool = False) -> Self:
        """Read what support typed: words, e-mail addresses, domains with an @ before them.

        While somebody is `typing`, one or two letters at the end are the beginning of a word.
        """
        addresses = [part for part in text.split() if "@" in part]
        rest = words(" ".join(part for part in text.split() if "@" not in part))
        begun = ""
        goes_on = typing and len(rest) + len(addresses) > 1 and words(text[-1:])
        if goes_on and rest and not _has_token(rest[-1]):
            begun = rest.pop()
        return cls(tuple(rest), tuple(map(split_email, addresses)), begun)

    def __bool__(self) -> bool:
        """Whether anything is searched for."""
        return bool(self.words or self.emails)

    def begins(self) -> bool:
        """Whether the index may have it: enough of a word to begin one, or an address."""
        return bool(self.emails) or any(map(_has_token, self.words))

    def fields(self) -> list[str]:
        """Give what of a person must be opened to tell whether they are found."""
        named = bool(self.words or self.begun)
        return ["name", "company"] * named + ["email"] * bool(self.emails)

    def alternatives(self) -> list[list[set[Part]]]:
        """Give what the index must hold: of each entry any one set, of which every part."""
        of_words = [
            [{(kind, part) for part in needed(word)} for kind in (Indexed.WORD, Indexed.COMPUTER)]
            for word in self.words
        ]
        of_emails = [
            [{(Indexed.EMAIL, f"{local}@{domain}") if local else (Indexed.DOMAIN, domain)}]
            for local, domain in self.emails
        ]
        return of_words + of_emails

    def may_find(self, texts: Sequence[str]) -> bool:
        """Whether words may be found in texts: told without parting these into words."""
        folded = fold("\n".join(texts))
        return all(wanted in folded for wanted in self.words)

    def finds(self, person: Person, computers: Iterable[str]) -> bool:
        """Whether a person is one that is searched for: the plain rule, on what is in clear."""
        texts = [words(text) for text in (person.name or "", person.company or "", *computers)]
        own = split_email(person.email or "")
        if self.begun and not any(
            word.startswith(self.begun) for text_words in texts for word in text_words
        ):
            return False
        return all(
            any(is_found(wanted, text_words) for text_words in texts) for wanted in self.words
        ) and all(own[1] == domain and local in {"", own[0]} for local, domain in self.emails)


def _has_token(word: str) -> bool:
    return len(word) >= BEGINNING or is_unspaced(word)


def masked(text: str | None) -> str | None:
    """Give a text as it is shown without need to know: the first letter of each word."""
    return text and " ".join(word[0] + "…" for word in text.split())


def masked_email(address: str | None) -> str | None:
    """Give an e-mail address as it is shown without need to know: `a…@e….com`."""
    if not address:
        return address
    local, _, domain = address.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}…@{host[:1]}….{top}" if host else f"{local[:1]}…@{domain[:1]}…"


def masked_profile(profile: Profile) -> Profile:
    """Give what is known of a person as it is shown without need to know."""
    person = profile.person
    computers = {
        activation_id: replace(known, name=masked(known.name), comments=known.comments and "…")
        for activation_id, known in profile.computers.items()
    }
    hidden = Person(masked(person.name), masked(person.company), masked_email(person.email))
    return replace(profile, person=hidden, computers=computers)
