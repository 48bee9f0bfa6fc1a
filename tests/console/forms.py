"""Forms of the console that are looked at first: filled in, and confirmed."""

import html
import re
from collections.abc import Mapping

import httpx

from tests.console.staff import Browser

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def hidden(page: str) -> dict[str, str]:
    """Give the hidden fields of a page's last form."""
    last = page[page.rindex('<form method="post"') :]
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(last)}


def filled(browser: Browser, path: str, fields: Mapping[str, str]) -> httpx.Response:
    """Fill in a form, and look at what it would do."""
    form = browser.get(path)
    assert form.status_code == 200, form.text
    return browser.send(path.partition("?")[0], {**hidden(form.text), **fields})


def confirmed(browser: Browser, path: str, preview: httpx.Response) -> httpx.Response:
    """Press the button that does it."""
    assert preview.status_code == 200, preview.text
    form = {**hidden(preview.text), "confirmed": "yes"}
    return browser.send(path.partition("?")[0], form)
