import pytest

from tests.cli.conftest import Commands


def test_a_list_of_releases_is_kept(commands: Commands):
    commands.json("product", "add", "pro", "--name", "Pro")
    of_pro = ("--product", "pro")
    listed = {"product": "pro", "version": "9.2", "released": "2026-10-02"}
    add = ("release", "add", "v9.2", *of_pro, "--released")
    assert commands.json(*add, "2026-10-02") == {**listed, "before": None}
    assert commands.json("release", "list", *of_pro) == {"releases": [listed]}
    moved = commands.text(*add, "2026-10-05")
    assert moved == "9.2 of pro was listed for 2026-10-02; it came out on 2026-10-05 now.\n"
    assert "2026-10-05" in commands.text("release", "list", *of_pro)
    removed = commands.json("release", "remove", "9.2", *of_pro)
    assert removed == {**listed, "released": "2026-10-05"}
    assert commands.run("release", "remove", "9.2", *of_pro).exit_code == 1
    assert commands.text("release", "list", *of_pro) == "No release of pro is listed.\n"


@pytest.mark.parametrize(
    ("version", "day"), [("newest", "2026-10-02"), ("9" * 65, "2026-10-02"), ("9.2", "2026-02-30")]
)
def test_what_is_no_version_or_no_day_is_wrong_use(commands: Commands, version: str, day: str):
    done = commands.run("release", "add", version, "--product", "pro", "--released", day)
    assert done.exit_code == 2, done.output
