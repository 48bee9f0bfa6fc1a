"""No page and no action of the console is left out of the tests in a browser."""

from pathlib import Path

import pytest

from tests.browser.ledger import every_action, every_page

pytestmark = pytest.mark.xdist_group("browser")


def test_no_page_and_no_action_is_left_out(request: pytest.FixtureRequest):
    """What tests say they cover, which each of them is held to, is everything there is."""
    folder, items = Path(__file__).parent, request.session.items
    if not set(folder.glob("test_*.py")) <= {each.path for each in items}:
        pytest.skip("It takes all browser tests together.")
    marks = [mark for each in items for mark in each.iter_markers("covers")]
    covered = {name for mark in marks for name in mark.args}
    assert covered == every_page() | every_action()
