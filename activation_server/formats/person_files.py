"""The files that a person gets who asks what is held on them."""

import io
import json
from collections.abc import Mapping
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from activation_server.formats import export_page, person_export
from activation_server.rules.export import Export


def files(found: Export, contact: str | None) -> Mapping[str, str]:
    """Write a page to read, and the same for other programs; by their names, which tell nobody."""
    document = json.dumps(person_export.document(found), ensure_ascii=False, indent=2) + "\n"
    return {
        f"{stem(found)}.json": document,
        f"{stem(found)}.html": export_page.page(found, contact),
    }


def stem(found: Export) -> str:
    """Name the files of an export by its time."""
    return f"person-{found.at:%Y%m%dT%H%M%SZ}"


def zipped(found: Export, contact: str | None) -> bytes:
    """Put them into one file."""
    whole = io.BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, text in files(found, contact).items():
            at = found.at
            moment = (at.year, at.month, at.day, at.hour, at.minute, at.second)
            archive.writestr(ZipInfo(name, moment), text, ZIP_DEFLATED)
    return whole.getvalue()
