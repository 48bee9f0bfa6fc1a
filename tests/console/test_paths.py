"""Where somebody may be led on to."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from activation_server.web.console import paths

HERE = "https://licenses.example.com/console/sign-in"
PIECES = some.sampled_from(
    ["/console", "/", "//", "\\", "..", "evil.example", "?", "#", "@", ":", "%2f", "%0d%0a", "\r\n"]
)


@given(some.one_of(some.text(), some.lists(PIECES).map("".join), some.none()))
def test_whatever_is_asked_for_one_stays_in_the_console(wanted: str | None):
    path = paths.local(wanted)
    led = urlsplit(urljoin(HERE, path))
    assert (led.scheme, led.netloc) == ("https", "licenses.example.com")
    assert led.path == paths.HOME or led.path.startswith(paths.HOME + "/")
    assert path.isprintable()
    assert path.isascii()


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/licenses",
        "/console/licenses/7c0e6a8e-5d4f-4a55-9d38-3d4e1f6e2b11?tab=history&page=2",
        "/console/find?q=ana%40example.com+%22x%22",
        "/console/set-up/V1p6G7kEIQjO8dcTBXvEqXrMJNe6WddHAu9SPcIip18",
    ],
)
def test_pages_of_the_console_are_led_on_to(path: str):
    assert paths.local(path) == path
    assert paths.with_next(paths.SIGN_IN, path).startswith(paths.SIGN_IN)
