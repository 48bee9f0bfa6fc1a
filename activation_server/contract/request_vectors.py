"""Vectors of request bodies: what the server takes, and what it refuses as REQUEST_INVALID."""

import base64
import copy
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from activation_server.formats.client_api import MAX_BODY, MAX_COMPONENTS

Json = dict[str, Any]
Vector = tuple[str, Json]

_ABSENT: Final = object()
_CHECK_IN_TOKEN: Final = "AZrXW0oPfEqfjFqHk0lD3QAAAAAABexJ2rVZ2mq8m2p5bQ1r0fQ"  # noqa: S105 - of nobody

_COMPUTER: Final[Json] = {
    "request_id": "0b0e6a5e-6c1c-4f0e-9f65-0d6c1f1d0c11",
    "nonce": "q83vEjRWeJCrze8SNFZ4kA",
    "hardware_id": "5c1d0f6b7a2e4c93",
    "os": {"family": "windows", "version": "10.0.26100"},
    "app": {"version": "9.9.1234"},
}
_KEY: Final[Json] = {"license_key": "YV89A-GP8H6-W211T-BJAK3-9VDHN", "product": "backup-pro"}
_OPTIONAL: Final[Json] = {
    "name": "Ana Popescu",
    "company": "Exemplu SRL",
    "email": "ana@example.com",
    "comments": "",
    "newsletter": False,
    "computer_name": "ANA-PC",
    "virtual_machine": False,
    "hardware": {
        "system_uuid": "c6d3bc0e5f0b5b1f",
        "board_serial": "5f21d0a94f5d1c07",
        "cpu": "e19b7a3f00c2d845",
        "memory": None,
    },
    "os": {
        "family": "windows",
        "version": "10.0.26100",
        "edition": "Pro",
        "arch": "x86_64",
        "language": "ro-RO",
    },
    "app": {
        "version": "9.9.1234",
        "edition": "professional",
        "released": "2026-10-02",
        "language": "ro",
    },
}
ACTIVATION: Final[Json] = {**_COMPUTER, **_KEY}
REACTIVATION: Final[Json] = {**_COMPUTER, "check_in_token": _CHECK_IN_TOKEN}
TRIAL: Final[Json] = {**_COMPUTER, "product": _KEY["product"]}
DEACTIVATION: Final[Json] = {
    "request_id": "7f8d1f52-0d7e-4b0b-8a53-2f9d8c0e4a10",
    "check_in_token": _CHECK_IN_TOKEN,
}

# The longest value of each string, in Unicode code points, after trimming.
_COMPUTER_LIMITS: Final = {
    "/hardware_id": 256,
    "/hardware/cpu": 256,
    "/os/version": 64,
    "/os/edition": 64,
    "/os/arch": 32,
    "/os/language": 35,
    "/app/version": 64,
    "/app/edition": 64,
    "/app/language": 35,
    "/name": 200,
    "/company": 200,
    "/email": 254,
    "/comments": 2000,
    "/computer_name": 255,
    "/license_key": 200,
    "/product": 64,
}
_TOKEN_LIMIT: Final = {"/check_in_token": 200}


def vectors() -> dict[str, Json]:
    """Give each request vector by its path under `vectors/`."""
    families = {
        "activation": _activation(),
        "reactivation": _reactivation(),
        "deactivation": _deactivation(),
        "trial": _trial(),
    }
    return {
        f"requests/{family}/{name}.json": vector
        for family, cases in families.items()
        for name, vector in cases
    }


def _activation() -> Iterator[Vector]:
    full = {**ACTIVATION, **_OPTIONAL}
    required = ["/request_id", "/nonce", "/license_key", "/product", "/hardware_id"]
    return chain(
        _taken(ACTIVATION, full),
        _taken_text(ACTIVATION, full),
        _missing(ACTIVATION, *required, "/os", "/os/family", "/os/version", "/app", "/app/version"),
        _too_long(full, _COMPUTER_LIMITS),
        _blank(ACTIVATION, "/license_key", "/product", "/os/version", "/app/version"),
        _wrong_types(full),
        _wrong_values(full),
        _wrong_nonces(ACTIVATION),
        _wrong_hardware(full),
        _malformed(ACTIVATION),
    )


def _reactivation() -> Iterator[Vector]:
    full = {**REACTIVATION, **_OPTIONAL, **_KEY}
    required = ["/request_id", "/nonce", "/check_in_token", "/hardware_id"]
    yield from _taken(REACTIVATION, full)
    yield accepted(
        "without-key-and-product",
        "The personal fields and the components are sent, the key and the product are not.",
        {**REACTIVATION, **_OPTIONAL},
    )
    yield from _missing(REACTIVATION, *required, "/os", "/app")
    yield from _too_long(full, _TOKEN_LIMIT)
    yield from _blank(REACTIVATION, "/check_in_token")
    yield refused(
        "activation-request",
        "The body of an activation is no body of a check-in: it has no check-in token.",
        ACTIVATION,
        "/check_in_token",
    )


def _trial() -> Iterator[Vector]:
    full = {**TRIAL, **_OPTIONAL}
    yield from _taken(TRIAL, full)
    yield accepted("with-license-key", "A license key is an unknown field here.", {**TRIAL, **_KEY})
    yield from _missing(TRIAL, "/request_id", "/nonce", "/product", "/hardware_id", "/os", "/app")
    yield from _blank(TRIAL, "/product")


def _deactivation() -> Iterator[Vector]:
    yield accepted("minimal", "Exactly the required fields.", DEACTIVATION)
    yield accepted(
        "unknown-fields",
        "Unknown fields are ignored: an app from the future still works.",
        {**DEACTIVATION, "reason": "new computer"},
    )
    yield from _missing(DEACTIVATION, "/request_id", "/check_in_token")
    yield from _too_long(DEACTIVATION, _TOKEN_LIMIT)
    yield from _blank(DEACTIVATION, "/check_in_token")
    yield refused(
        "uuid-malformed",
        "`request_id` is no UUID.",
        _with(DEACTIVATION, "/request_id", "12345"),
        "/request_id",
    )


def accepted(name: str, description: str, body: Json) -> Vector:
    """Make a vector of a body that is valid."""
    return f"accepted-{name}", _vector(description, {"body": body}, {"valid": True})


def refused(name: str, description: str, body: object, *pointers: str) -> Vector:
    """Make a vector of a body that is refused, with JSON pointers (RFC 6901) to its faults."""
    expected = {"valid": False, "code": "REQUEST_INVALID", "pointers": list(pointers)}
    return f"refused-{name}", _vector(description, {"body": body}, expected)


def _vector(description: str, body: Json, expected: Json) -> Json:
    return {"description": description, **body, "expected": expected}


def _taken(minimal: Json, full: Json) -> Iterator[Vector]:
    yield accepted("minimal", "Exactly the required fields.", minimal)
    yield accepted("full", "Every field; a component that could not be read is null.", full)
    unknown = _with({**minimal, "license_file": {"any": [1, None]}}, "/os/build", 26100)
    yield accepted(
        "unknown-fields",
        "Unknown fields are ignored, inside objects too: an app from the future still works.",
        unknown,
    )
    nulls = {name: None for name in full if name not in minimal}
    yield accepted("nulls", "Null is the same as absent, for each optional field.", minimal | nulls)


def _taken_text(minimal: Json, full: Json) -> Iterator[Vector]:
    yield accepted(
        "untrimmed",
        "White space around strings is dropped before anything is checked.",
        {**full, "license_key": f" {full['license_key']}\r\n", "name": "\tAna Popescu \u00a0"},
    )
    empty = {**full, "name": "", "email": ""}
    yield accepted("empty-texts", "Personal fields may be empty.", empty)
    yield accepted(
        "unicode",
        "Names in any script; texts hold any character but NUL, line breaks too.",
        {**full, "name": "Ștefan Țânțar 山田太郎", "company": "شركة المثال", "comments": "a\nb\tc"},
    )
    yield accepted(
        "code-points",
        "Lengths count Unicode code points: 200 of these are 400 UTF-16 units and 800 bytes.",
        _with(full, "/name", "😀" * 200),
    )
    longest = _with(full, "/hardware", {f"component_{n}": "f" * 256 for n in range(MAX_COMPONENTS)})
    for pointer, limit in _COMPUTER_LIMITS.items():
        longest = _with(longest, pointer, _text(pointer, limit))
    longest = _with(longest, "/hardware/cpu", _ABSENT)
    yield accepted("longest-values", "Every text and the components at their limits.", longest)
    yield accepted(
        "longest-nonce", "A nonce of 64 bytes.", _with(minimal, "/nonce", "-_" * 42 + "-w")
    )
    upper = _with(minimal, "/request_id", minimal["request_id"].upper())
    yield accepted("upper-case-uuid", "A UUID in upper case is the same UUID.", upper)
    text = json.dumps({**minimal, "padding": ""})
    text = text.replace('"padding": "', '"padding": "' + "x" * (MAX_BODY - len(text)))
    about = "A body of exactly 16 KiB (16,384 bytes)."
    yield "accepted-16-kib", _vector(about, {"body_text": text}, {"valid": True})


def _missing(body: Json, *pointers: str) -> Iterator[Vector]:
    for pointer in pointers:
        about = f"`{pointer}` is required."
        yield refused(f"no{_slug(pointer)}", about, _with(body, pointer, _ABSENT), pointer)


def _too_long(body: Json, limits: dict[str, int]) -> Iterator[Vector]:
    for pointer, limit in limits.items():
        longer = _with(body, pointer, _text(pointer, limit + 1))
        about = f"`{pointer}` takes up to {limit} characters."
        yield refused(f"too-long{_slug(pointer)}", about, longer, pointer)


def _blank(body: Json, *pointers: str) -> Iterator[Vector]:
    for pointer in pointers:
        about = f"`{pointer}` must hold more than white space."
        yield refused(f"blank{_slug(pointer)}", about, _with(body, pointer, " \t"), pointer)


def _wrong_types(full: Json) -> Iterator[Vector]:
    for name, pointer, value in (
        ("number-for-text", "/app/version", 9.9),
        ("text-for-boolean", "/newsletter", "false"),
        ("number-for-boolean", "/newsletter", 0),
        ("text-for-virtual-machine", "/virtual_machine", "no"),
        ("text-for-object", "/os", "windows"),
        ("list-for-object", "/hardware", ["c6d3bc0e5f0b5b1f"]),
        ("number-for-component", "/hardware/memory", 34359738368),
        ("null-for-required", "/product", None),
    ):
        about = f"`{pointer}` has a value of the wrong type: nothing is converted."
        yield refused(name, about, _with(full, pointer, value), pointer)
    yield refused("list-for-body", "The body must be an object.", [full], "")


def _wrong_values(full: Json) -> Iterator[Vector]:
    for name, pointer, value, about in (
        ("uuid-malformed", "/request_id", "0b0e6a5e-6c1c-4f0e-9f65", "no UUID"),
        ("os-family-unknown", "/os/family", "freebsd", "none of windows, macos, linux, other"),
        ("os-family-upper-case", "/os/family", "Windows", "written in lower case"),
        ("email-without-at", "/email", "ana.example.com", "no e-mail address"),
        ("email-with-next-line", "/email", "ana\u0085@example.com", "a control character in it"),
        ("email-with-space", "/email", "ana @example.com", "white space in it"),
        ("released-local-date", "/app/released", "02.10.2026", "no date as RFC 3339 writes it"),
        ("released-no-such-day", "/app/released", "2026-02-30", "no day of the calendar"),
        ("nul-in-name", "/name", "Ana\0Popescu", "a text with a NUL character"),
        ("nul-in-license-key", "/license_key", "YV89A\0", "a text with a NUL character"),
        ("short-hardware-id", "/hardware_id", "5c1d0f6", "shorter than 8 characters"),
    ):
        yield refused(name, f"`{pointer}`: {about}.", _with(full, pointer, value), pointer)
    several = _with(_with(full, "/os/family", "dos"), "/nonce", _ABSENT)
    several = _with(several, "/email", "ana")
    pointers = ("/nonce", "/os/family", "/email")
    yield refused("several-faults", "Every fault is named, in any order.", several, *pointers)


def _wrong_nonces(minimal: Json) -> Iterator[Vector]:
    for name, nonce, about in (
        ("short", "q83vEjRWeJCrze8SNFZ4", "15 bytes; at least 16 are needed"),
        ("long", "A" * 87, "65 bytes; at most 64 are taken"),
        ("padded", "q83vEjRWeJCrze8SNFZ4kA==", "padding is not written"),
        ("plain-base64", "+//vEjRWeJCrze8SNFZ4kA", "base64url has - and _ for + and /"),
        ("not-canonical", "q83vEjRWeJCrze8SNFZ4kB", "the unused last bits must be zero"),
        ("untrimmed", "q83vEjRWeJCrze8SNFZ4kA ", "white space is not dropped here"),
    ):
        yield refused(f"nonce-{name}", f"{about}.", _with(minimal, "/nonce", nonce), "/nonce")


def _wrong_hardware(full: Json) -> Iterator[Vector]:
    many = {f"component_{n}": "c6d3bc0e5f0b5b1f" for n in range(MAX_COMPONENTS + 1)}
    about = f"At most {MAX_COMPONENTS} components."
    yield refused("21-components", about, _with(full, "/hardware", many), "/hardware")
    for name, component, fault in (
        ("long-component-name", "n" * 65, "takes up to 64 characters"),
        ("empty-component-name", "", "is not empty"),
        ("nul-in-component-name", "cpu\0", "holds no NUL character"),
    ):
        yield refused(
            name,
            f"The name of a component {fault}.",
            _with(full, "/hardware", {component: "c6d3bc0e5f0b5b1f"}),
            f"/hardware/{component}",
        )


def _malformed(minimal: Json) -> Iterator[Vector]:
    text = json.dumps(minimal)
    deep = f'{text[:-1]}, "deep": {"[" * 5000}{"]" * 5000}}}'
    for name, body, about in (
        ("empty", "", "There is no body."),
        ("cut-off", text[:-20], "The JSON is cut off."),
        ("trailing-comma", text[:-1] + ",}", "JSON has no trailing commas."),
        ("single-quotes", text.replace('"', "'"), "JSON has double quotes."),
        ("two-documents", text + text, "One JSON document, and nothing after it."),
        ("deep-nesting", deep, "Nested deeper than any body needs."),
        ("lone-surrogate", text.replace("9.9", "\\ud83d"), "Half of a UTF-16 surrogate pair."),
    ):
        yield _unreadable(name, about, {"body_text": body})
    for name, data, about in (
        ("byte-order-mark", text.encode("utf-8-sig"), "UTF-8 without a byte order mark."),
        ("utf-16", text.encode("utf-16-le"), "UTF-8, not UTF-16."),
        ("latin-1", text.replace("9.9", "é").encode("latin-1"), "UTF-8, not Latin-1."),
    ):
        yield _unreadable(name, about, {"body_base64": base64.b64encode(data).decode()})
    about = "17 KiB, over the limit of 16 KiB (16,384 bytes); told before anything else."
    expected = {"valid": False, "code": "REQUEST_TOO_LARGE"}
    large = {**minimal, "padding": "x" * 17 * 1024}
    yield "refused-17-kib", _vector(about, {"body": large}, expected)


def _unreadable(name: str, about: str, body: Json) -> Vector:
    expected = {"valid": False, "code": "REQUEST_INVALID", "pointers": [""]}
    return f"refused-{name}", _vector(about, body, expected)


def _with(body: Json, pointer: str, value: object) -> Json:
    """Give the body with one value set, or taken away when it is `_ABSENT`."""
    changed: Json = copy.deepcopy(body)
    *path, name = pointer.removeprefix("/").split("/")
    place = changed
    for part in path:
        place = place[part]
    if value is _ABSENT:
        del place[name]
    else:
        place[name] = value
    return changed


def _text(pointer: str, length: int) -> str:
    return "x" * (length - len("@y.z")) + "@y.z" if pointer == "/email" else "x" * length


def _slug(pointer: str) -> str:
    return pointer.replace("/", "-").replace("_", "-")
