"""The contract's files: all of them, written to a directory, or compared with one."""

import json
from pathlib import Path
from typing import Any, Final

from activation_server.contract import (
    certificate_vectors,
    hardware_vectors,
    key_vectors,
    offline_vectors,
    readme,
    request_vectors,
    schemas,
)

Json = dict[str, Any]

VECTORS: Final = "vectors"


def vectors() -> dict[str, Json]:
    """Give all test vectors, by their path under `vectors/`."""
    return {
        **request_vectors.vectors(),
        **key_vectors.vectors(),
        **certificate_vectors.vectors(),
        **hardware_vectors.vectors(),
        **offline_vectors.vectors(),
    }


def files() -> dict[str, bytes]:
    """Give every file of the contract by its path; the same code gives the same bytes."""
    bodies = schemas.schemas()
    documents = {
        **bodies,
        "openapi.json": schemas.openapi(),
        "admin/openapi.json": schemas.admin_openapi(),
    }
    documents |= {f"{VECTORS}/{path}": vector for path, vector in vectors().items()}
    contents = {path: _json(document) for path, document in documents.items()}
    contents["README.md"] = readme.text(bodies).encode()
    return dict(sorted(contents.items()))


def write(directory: Path) -> list[str]:
    """Write the contract's files; give those that differed. Raises OSError.

    A file that is not (or no longer) the contract's is left for its owner to delete.
    """
    changed = []
    for path, content in files().items():
        target = directory / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
    return changed


def differences(directory: Path) -> list[str]:
    """Name each file that is not as the contract has it, in a sentence; empty when all are."""
    expected = files()
    present = {
        path.relative_to(directory).as_posix(): path
        for path in directory.rglob("*")
        if path.is_file()
    }
    missing = [f"{path} is missing." for path in expected if path not in present]
    strange = [
        f"{path} is no part of the contract: delete it." for path in present if path not in expected
    ]
    other = [
        f"{path} differs."
        for path, content in expected.items()
        if path in present and present[path].read_bytes() != content
    ]
    return sorted(missing + strange + other)


def _json(document: Json) -> bytes:
    # ASCII alone, so that no editor or compiler has to guess an encoding.
    return (json.dumps(document, indent=2) + "\n").encode("ascii")
