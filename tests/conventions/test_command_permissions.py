"""Every operator command names its permission, the one that console and API ask for the same."""

import ast
import inspect
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import typer
from fastapi.routing import APIRoute

from activation_server.cli.app import app
from activation_server.cli.permissions import FOR_EVERYBODY, NEEDED, WITH_OPTION
from activation_server.rules.permissions import NOT_FOR_TOKENS, Permission
from activation_server.web.admin.access import permissions_of
from activation_server.web.admin.app import ROUTERS


def commands_of(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    below = getattr(group, "commands", None)
    if below is None:
        yield " ".join(path), group
        return
    for name, command in below.items():
        yield from commands_of(command, (*path, name))


COMMANDS = dict(commands_of(typer.main.get_command(app)))
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def test_every_command_names_its_permission_and_no_other_is_named():
    open_ones = {name for name in COMMANDS if name.split()[0] in FOR_EVERYBODY}
    assert NEEDED.keys() == COMMANDS.keys() - open_ones
    assert {name.split()[0] for name in open_ones} == FOR_EVERYBODY.keys()
    assert set(NEEDED.values()) | {Permission.OVERVIEW_READ, Permission.PEOPLE_REVEAL} == set(
        Permission
    )


def test_what_shows_people_in_clear_is_named():
    options = {
        name: {"--reveal"}
        for name, command in COMMANDS.items()
        if any("--reveal" in each.opts for each in command.params)
    }
    assert {name: set(more) for name, more in WITH_OPTION.items()} == options


def test_what_is_done_at_the_machine_has_no_way_by_a_token():
    asked = {each for route in ROUTES for each in permissions_of(route)}
    assert not asked & NOT_FOR_TOKENS


def test_a_use_case_takes_the_same_by_command_and_by_tool():
    by_command: Mapping[str, set[Permission]] = defaultdict(set)
    for name, command in COMMANDS.items():
        if name in NEEDED:
            for use_case in use_cases(inspect.unwrap(command.callback)):
                by_command[use_case].add(NEEDED[name])
                by_command[use_case].update(WITH_OPTION.get(name, {}).values())
    by_tool: Mapping[str, set[Permission]] = defaultdict(set)
    for route in ROUTES:
        for use_case in use_cases(route.endpoint):
            by_tool[use_case].update(permissions_of(route))
    both = by_command.keys() & by_tool.keys()
    assert len(both) >= 10
    for use_case in both:
        assert by_tool[use_case] <= by_command[use_case], use_case


@cache
def use_cases(function: Callable[..., object]) -> frozenset[str]:
    """Give the use cases that a function names, itself or by others of its module."""
    seen: set[Callable[..., object]] = set()
    found: set[str] = set()
    todo = [function]
    while todo:
        one = todo.pop()
        seen.add(one)
        around = one.__globals__
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one)))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = service_named(around.get(node.value.id))
                if name and inspect.isfunction(getattr(around[node.value.id], node.attr, None)):
                    found.add(f"{name}.{node.attr}")
            elif isinstance(node, ast.Name) and is_near(around.get(node.id), one, seen):
                todo.append(around[node.id])
    return frozenset(found)


def service_named(module: object) -> str | None:
    """Give the name of a module, if it is one of the services."""
    name = module.__name__ if isinstance(module, ModuleType) else ""
    return name if name.startswith("activation_server.services.") else None


def is_near(other: object, function: Callable[..., object], seen: set[Any]) -> bool:
    here = function.__module__
    return isinstance(other, FunctionType) and other.__module__ == here and other not in seen
