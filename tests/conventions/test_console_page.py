"""The table of roles in docs/console.md is the one of the code."""

from pathlib import Path

from activation_server.rules.permissions import MAY, STEP_UP, Permission, Role

PAGE = Path(__file__).parents[2] / "docs" / "console.md"


def rows() -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| permission"))
    table = lines[start : lines.index("", start)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_table_of_roles_is_what_the_code_says():
    head, _rule, *body = rows()
    roles = [Role(name.strip("`")) for name in head[2:]]
    assert roles == list(Role)
    told = {
        Permission(name.strip("`")): {
            role for role, mark in zip(roles, marks, strict=True) if mark == "✓"
        }
        for name, _about, *marks in body
    }
    assert told == {each: {role for role in Role if each in MAY[role]} for each in Permission}


def test_what_needs_a_sign_in_just_now_is_marked():
    marked = {Permission(row[0].strip("`")) for row in rows()[2:] if row[1].endswith("*")}
    assert marked == STEP_UP
