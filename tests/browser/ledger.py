"""What browser tests look at and do in the console, so that no page and no action is left out.

A test says what it covers: `@covers("license.html", "/console/overview/anew")`, pages by their
templates, what changes something by the path of its route. That it was so is seen when the test is
over; that all of it is covered, by test_whole_console.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from jinja2 import Template
from playwright.async_api import Response

from activation_server.web.console import pages, staff_changes
from activation_server.web.console.app import ROUTERS

covers = pytest.mark.covers
# The template that a page says it is of: see `noting`.
PAGE_OF: Final = """[...document.childNodes]
    .filter(each => each.nodeType === Node.COMMENT_NODE).map(each => each.data.trim()).at(-1)"""
_CONFIRM: Final = 'name="confirmed"'  # the button below what a change would do
_CHANGE: Final = "{change}"  # in the path of one route for several changes


@dataclass
class Ledger:
    """Fills up while a test runs."""

    pages: set[str] = field(default_factory=set)  # that axe has looked at
    sent: set[str] = field(default_factory=set)  # forms that the server has taken
    confirmed: set[str] = field(default_factory=set)  # … by the button that does it
    to_confirm: set[str] = field(default_factory=set)  # … that showed this button
    is_broken: bool = False  # the test fails already

    def note(self, response: Response) -> None:
        """Take down a form that the server has taken from a browser."""
        request = response.request
        action = _action(urlsplit(request.url).path) if request.method == "POST" else None
        if action is None or response.status >= 400:
            return
        self.sent.add(action)
        if "confirmed" in (request.post_data_buffer or b"").decode("latin-1"):
            self.confirmed.add(action)

    def covered(self) -> set[str]:
        """Give what was looked at and done; what was only looked at before it is done, is not."""
        return self.pages | self.sent - (self.to_confirm - self.confirmed)

    def turn_over(self) -> None:
        """Begin anew, for the next test."""
        for each in (self.pages, self.sent, self.confirmed, self.to_confirm):
            each.clear()
        self.is_broken = False


LEDGER: Final = Ledger()  # of the test that runs


@contextmanager
def noting() -> Iterator[None]:
    """Let each page of the console end with a comment: the template that it is of."""

    class Noted(Template):
        def render(self, *args: Any, **kwargs: Any) -> str:
            text = super().render(*args, **kwargs)
            action = _action(kwargs["here"])
            if _CONFIRM in text and action is not None:
                LEDGER.to_confirm.add(action)
            return f"{text}<!-- {self.name} -->"

    environment = pages._templates
    plain = environment.template_class
    environment.template_class = Noted
    environment.cache.clear()  # type: ignore[union-attr]  # it has one
    try:
        yield
    finally:
        environment.template_class = plain
        environment.cache.clear()  # type: ignore[union-attr]  # as above


def _routes() -> list[APIRoute]:
    every = [each for one in ROUTERS for each in one.routes if isinstance(each, APIRoute)]
    return [each for each in every if "POST" in (each.methods or ())]


def _action(path: str) -> str | None:
    """Give the route that takes a form, as the console finds it: the first that fits."""
    for route in _routes():
        found = route.path_regex.fullmatch(path)
        if found is not None:
            return route.path.replace(_CHANGE, found.groupdict().get("change", ""))
    return None


def every_action() -> set[str]:
    """Give the paths of all routes that take a form, with each change of staff by itself."""
    return {
        route.path.replace(_CHANGE, change)
        for route in _routes()
        for change in (staff_changes.CHANGES if _CHANGE in route.path else ("",))
    }


def every_page() -> set[str]:
    """Give the templates that are pages by themselves, and no part or frame of others."""
    environment = pages._templates
    loader = environment.loader
    assert loader is not None
    return {
        name
        for name in environment.list_templates(["html"])
        if loader.get_source(environment, name)[0].startswith("{% extends")
    } - {"narrow.html"}
