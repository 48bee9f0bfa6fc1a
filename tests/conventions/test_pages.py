"""What the documentation says can be done as it is written: its commands, and its links."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pytest
import typer
from markdown_it import MarkdownIt
from markdown_it.token import Token

from activation_server.cli.app import app

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("schemas/*.md")])
SOME_ID: Final = "5a3c0e1e-9d43-4c8e-8a51-0d6b0b6a4a11"
STANDS_FOR: Final = dict.fromkeys(("HOLD_ID", "ACTIVATION_ID", "ID"), SOME_ID)


def tokens_of(page: Path) -> Iterator[Token]:
    """Give the blocks of a page, each followed by what is in it."""
    for block in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        yield block
        yield from block.children or ()


def commands_on(page: Path) -> Iterator[str]:
    """Give what follows `activation-server`, but for a synopsis, or a command's mere name."""
    for token in tokens_of(page):
        whole = token.type == "fence" or (token.type == "code_inline" and " --" in token.content)
        for line in token.content.splitlines() if whole else ():
            found = re.match(r"\s*(?:\$ )?(?:\S*/)?activation-server ([^\[>]+)(?!.*\[)", line)
            if found:
                yield found[1].replace("$p", "--product backup-pro")


COMMANDS: Final = [(page.name, command) for page in PAGES for command in commands_on(page)]


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_is_understood(
    page: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, has no option that is not, and lacks nothing that it needs."""
    monkeypatch.chdir(tmp_path)
    rest = [STANDS_FOR.get(word, word) for word in shlex.split(command, comments=True)]
    for word in rest:
        if re.fullmatch(r"[\w-]+\.[a-z]+", word, re.ASCII | re.IGNORECASE):
            Path(word).touch()  # a file of the reader's
    level = typer.main.get_command(app)
    while (below := getattr(level, "commands", None)) is not None:
        assert rest, f"{page}: {command} is no command, but {sorted(below)}"
        level, rest = below[rest[0]], rest[1:]
    level.make_context("", rest)  # raises what a reader would be told


@cache
def places_on(page: Path) -> frozenset[str]:
    """Give the places of a page that a link may lead to, by the rule of its host for headings."""
    places, inside = set(), False
    for token in tokens_of(page):
        inside = token.type == "heading_open" or (inside and token.type != "heading_close")
        if inside and token.type == "inline":
            shown = "".join(each.content for each in token.children or ())
            places.add(re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-"))
    return frozenset(places)


LINKS: Final = [
    (page.relative_to(ROOT).as_posix(), str(target))
    for page in PAGES
    for token in tokens_of(page)
    for target in (token.attrGet("href"), token.attrGet("src"))
    if target and not re.match(r"[a-z]+:", str(target))
]


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_a_link_leads_somewhere(page: str, target: str) -> None:
    path, _, place = target.partition("#")
    there = (ROOT / page).parent / unquote(path) if path else ROOT / page
    assert there.exists()
    assert not place or place in places_on(there)


def test_there_are_some_of_both() -> None:
    assert len(COMMANDS) > 100
    assert len(LINKS) > 100
