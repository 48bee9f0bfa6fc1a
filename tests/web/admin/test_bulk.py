"""Many licenses issued from a file, and whole lists as CSV."""

import csv
import json
import tracemalloc
from io import StringIO
from typing import Any

import httpx
import pytest

from activation_server.formats import license_key
from activation_server.rules.person import Person
from activation_server.services import license_export
from activation_server.services.license_list import Wanted
from activation_server.web.admin import bulk
from tests.web.admin.test_licenses import ANA, HOSTILE, a_product, id_of, sold
from tests.web.admin.tool import Tool
from tests.web.server import PRODUCT, Json, Server, new_id, refused

CSV, LINES = "text/csv", "application/x-ndjson"


def send(
    tool: Tool, content: str | bytes, kind: str = LINES, key: str | None = None, **parameters: Any
) -> httpx.Response:
    return tool.send(
        "POST",
        "/licenses:batch",
        content=content.encode() if isinstance(content, str) else content,
        headers={"Content-Type": kind, "Idempotency-Key": key or new_id()},
        params=parameters,
    )


def told(response: httpx.Response) -> tuple[list[Json], Json]:
    """The lines of an answer, and the last one, with the counts."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == LINES
    *lines, counts = map(json.loads, response.text.splitlines())
    return lines, counts


def records(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv; charset=utf-8")
    return list(csv.DictReader(StringIO(response.text, newline=""), strict=True))


def rows(count: int, **fields: Any) -> str:
    return "".join(json.dumps({"product": PRODUCT, **fields}) + "\n" for _ in range(count))


def test_licenses_are_issued_with_keys_of_their_own(server: Server, tool: Tool):
    body = rows(3, order="FS-BULK", name="Ana", seats=4, expires="2027-12-31")
    lines, counts = told(send(tool, body))
    assert counts == {"rows": 3, "imported": 3, "skipped": 0}
    assert [each["line"] for each in lines] == [1, 2, 3]
    keys = [each["license_key"] for each in lines]
    assert len({license_key.parse(key) for key in keys} - {None}) == 3
    listed = tool.get("/licenses", order="FS-BULK").json()["licenses"]
    assert {each["license_id"] for each in listed} == {each["license_id"] for each in lines}
    assert {each["seats"] for each in listed} == {4}
    assert server.activated(keys[0])
    [entry, *_] = tool.get("/audit", action="imported").json()["entries"]
    assert entry["details"] == {"imported": 3, "skipped": 0}
    assert entry["who"].startswith("token:")


def test_a_csv_file_with_and_without_keys(server: Server, tool: Tool):
    key = f"OLD-{new_id()}"
    body = f"product;license_key;name\r\n{PRODUCT};{key};Ana\r\n{PRODUCT};;Bea\r\n"
    lines, counts = told(send(tool, b"\xef\xbb\xbf" + body.encode(), CSV))
    assert counts == {"rows": 2, "imported": 2, "skipped": 0}
    assert [each["line"] for each in lines] == [2, 3]
    assert lines[0]["license_key"] is None  # the sender has it
    assert server.activated(key)
    assert server.activated(lines[1]["license_key"])


def test_sent_again_it_makes_nothing_new(server: Server, tool: Tool):
    body, key = rows(4, order="FS-AGAIN"), new_id()
    first = told(send(tool, body, key=key))
    assert told(send(tool, body, key=key)) == first
    assert len(tool.get("/licenses", order="FS-AGAIN").json()["licenses"]) == 4
    refused(send(tool, rows(5), key=key), "IDEMPOTENCY_KEY_REUSED")
    # Later, too: the same request finds what it made.
    server.world.clock.advance(days=3)
    lines, counts = told(send(tool, body, key=key))
    assert (lines, counts) == (first[0], {"rows": 4, "imported": 0, "skipped": 4})
    # Another file with the same key makes licenses of its own.
    server.world.clock.advance(days=3)
    others, counts = told(send(tool, rows(4, order="FS-OTHER"), key=key))
    assert counts["imported"] == 4
    assert not {each["license_key"] for each in others} & {each["license_key"] for each in lines}


def test_one_fault_refuses_the_whole_file(server: Server, tool: Tool):
    body = rows(2) + '{"product": "none"}\n' + rows(1, email="x") + "{}\n"
    before, key = server.rows(), new_id()
    found = refused(send(tool, body, key=key), "REQUEST_INVALID")
    pointers = [each["pointer"] for each in found["evidence"]["errors"]]
    assert pointers == ["/lines/3/product", "/lines/4/email", "/lines/5/product"]
    assert server.rows() == before
    lines, counts = told(send(tool, body, dry_run="true"))
    assert [(each["line"], each["column"]) for each in lines] == [
        (3, "product"),
        (4, "email"),
        (5, "product"),
    ]
    assert counts == {"rows": 5, "would_be_imported": 0, "skipped": 0, "faults": 3}
    assert told(send(tool, rows(2), dry_run="true")) == (
        [],
        {"rows": 2, "would_be_imported": 2, "skipped": 0, "faults": 0},
    )
    assert server.rows() == before
    assert told(send(tool, rows(2), key=key))[1]["imported"] == 2


def test_many_faults_are_cut(tool: Tool):
    found = refused(send(tool, "x\n" * 500), "REQUEST_INVALID")
    assert len(found["evidence"]["errors"]) == bulk.TOLD_PROBLEMS


def test_what_is_no_file(tool: Tool, monkeypatch: pytest.MonkeyPatch):
    refused(send(tool, "{}", "application/json"), "MEDIA_TYPE_UNSUPPORTED")
    refused(send(tool, "{}", f"{CSV}; charset=utf-16"), "MEDIA_TYPE_UNSUPPORTED")
    refused(send(tool, b"\xff\xfe" + "product".encode("utf-16-le"), CSV), "REQUEST_INVALID")
    refused(send(tool, "", CSV), "REQUEST_INVALID")
    assert told(send(tool, "")) == ([], {"rows": 0, "imported": 0, "skipped": 0})
    monkeypatch.setattr(bulk, "MAX_FILE", 100)
    refused(send(tool, rows(9)), "REQUEST_TOO_LARGE")


def test_all_licenses_as_csv(server: Server, tool: Tool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(license_export, "BATCH", 2)
    product = a_product(server)
    buyer = Person(HOSTILE, "=1+1", "+x@example.com")
    views = [sold(server, product, buyer=buyer, order_reference="=HYPERLINK(1)")]
    views += [sold(server, product, buyer=ANA) for _ in range(4)]
    server.change(views[4], "suspend")
    response = tool.get("/licenses.csv", product=product)
    found = records(response)
    assert [each["license_id"] for each in found] == sorted(id_of(view) for view in views)
    by_id = {each["license_id"]: each for each in found}
    hostile = by_id[id_of(views[0])]
    assert hostile["order"] == "'=HYPERLINK(1)"
    assert hostile["buyer_company"] == "'=…"
    assert hostile["buyer_email"].startswith("'+…@")
    assert by_id[id_of(views[1])]["buyer_name"] == "A… P…"
    assert "Canary" not in response.text
    assert not any(view.license_key in response.text for view in views)
    assert by_id[id_of(views[1])]["key_tail"] == views[1].license_key[-5:]
    only = records(tool.get("/licenses.csv", product=product, status="suspended"))
    assert [each["license_id"] for each in only] == [id_of(views[4])]
    entries = tool.get("/audit", action="listed").json()["entries"]
    assert [each["subject"] for each in entries[:2]] == ["licenses", "licenses"]


def test_all_computers_as_csv(server: Server, tool: Tool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(license_export, "BATCH", 2)
    product = a_product(server)
    seats = []
    for _ in range(2):
        view = sold(server, product, overrides={"seats": 9})
        seats += [
            server.activated(
                view.license_key,
                product=product,
                hardware_id=f"computer {number:08}",
                app__version="=cmd|1",
                computer_name="ANA-CANARY",
            )["activation_id"]
            for number in range(3)
        ]
    response = tool.get("/activations.csv", product=product)
    found = records(response)
    assert {each["activation_id"] for each in found} == set(seats)
    assert len(found) == 6
    assert {each["app_version"] for each in found} == {"'=cmd|1"}
    assert "CANARY" not in response.text
    assert records(tool.get("/activations.csv", product="none")) == []


def test_an_export_takes_no_more_memory_for_more(
    server: Server, tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    """However far it is, it holds one batch."""
    monkeypatch.setattr(license_export, "BATCH", 50)
    product = a_product(server)
    told(send(tool, "".join(rows(1, product=product) for _ in range(600))))

    async def read() -> tuple[int, list[int]]:
        peaks, count = [], 0
        tracemalloc.start()
        async for part in bulk.license_lines(server.context, Wanted(product=product)):
            count += part.count("\n")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()
        tracemalloc.stop()
        return count, peaks

    server.run(read())
    count, peaks = server.run(read())
    assert count == 601
    assert len(peaks) == 14
    assert max(peaks[8:]) < 1.3 * max(peaks[1:4])
