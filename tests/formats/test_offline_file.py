"""Offline files to the byte, and what mail programs and people do to them."""

import base64
import binascii
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from activation_server.formats.offline_file import (
    COLUMNS,
    MAX_FILE,
    DamagedError,
    Kind,
    read,
    write,
)

DOCUMENT = (
    b'{"purpose": "activate", "name": "\xc8\x98tefan", "comments": "0123456789 0123456789 '
    b'0123456789 0123456789 0123456789 0123456789"}'
)
# As `sha256sum` and `base64 -w64` of other makers write it.
FILE = """\
-----BEGIN ACTIVATION REQUEST-----
Digest: 5d41daaa135a3ef4

eyJwdXJwb3NlIjogImFjdGl2YXRlIiwgIm5hbWUiOiAiyJh0ZWZhbiIsICJjb21t
ZW50cyI6ICIwMTIzNDU2Nzg5IDAxMjM0NTY3ODkgMDEyMzQ1Njc4OSAwMTIzNDU2
Nzg5IDAxMjM0NTY3ODkgMDEyMzQ1Njc4OSJ9
-----END ACTIVATION REQUEST-----
"""
LINES = FILE.split("\n")
documents = st.dictionaries(st.text(), st.text() | st.integers() | st.none()).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
)


def damage(file: str, kind: Kind = Kind.REQUEST) -> tuple[int, str]:
    with pytest.raises(DamagedError) as caught:
        read(kind, file.encode())
    return caught.value.line, caught.value.fault


def changed(number: int, *lines: str) -> str:
    """Give the file with other lines instead of one; lines count from 1."""
    return "\n".join([*LINES[: number - 1], *lines, *LINES[number:]])


def test_a_file_to_the_byte() -> None:
    assert write(Kind.REQUEST, DOCUMENT) == FILE
    assert read(Kind.REQUEST, FILE.encode()) == DOCUMENT
    response = FILE.replace("REQUEST", "RESPONSE")
    assert write(Kind.RESPONSE, DOCUMENT) == response
    assert read(Kind.RESPONSE, response.encode()) == DOCUMENT


@given(documents, st.sampled_from(Kind))
def test_what_is_written_can_be_read(document: bytes, kind: Kind) -> None:
    file = write(kind, document)
    assert read(kind, file.encode("ascii")) == document
    assert all(len(line) <= COLUMNS for line in file.split("\n"))


@pytest.mark.parametrize(
    "file",
    [
        FILE.replace("\n", "\r\n"),
        FILE.replace("\n", "\r"),
        FILE.replace("\n", " \t\n"),
        FILE.replace("\n", "\n  "),
        FILE.replace("\n", "\n\n"),
        FILE.rstrip(),
        f"\ufeffHello \u2013 see below:\n\n{FILE}\n--\nSent from my phone, 5 = 3 + 2\n",
        f"{FILE}\n{FILE.replace('Digest: ', 'Digest: x')}",
        FILE.replace("Digest: 5d41daaa135a3ef4\n\n", ""),
        FILE.replace("Digest: 5d41daaa135a3ef4\n", ""),
        FILE.replace("5d41daaa135a3ef4", "5D41DAAA135A3EF4"),
        FILE.replace(f"{LINES[3]}\n", LINES[3]),
        FILE.replace(LINES[4], f"{LINES[4][:7]}\n{LINES[4][7:]}"),
    ],
)
def test_what_happens_on_the_way_does_no_harm(file: str) -> None:
    assert read(Kind.REQUEST, file.encode()) == DOCUMENT
    assert read(Kind.REQUEST, b"\xff\xfe caf\xe9\n" + file.encode()) == DOCUMENT


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("", 1, "`-----BEGIN ACTIVATION REQUEST-----` is missing at the beginning"),
        ("\n".join(LINES[1:]), 1, "`-----BEGIN ACTIVATION REQUEST-----` is missing"),
        ("\n".join(LINES[:-2]), 6, "`-----END ACTIVATION REQUEST-----` is missing at the end"),
        (FILE[:100], 4, "`-----END ACTIVATION REQUEST-----` is missing at the end"),
        (f"see\n{FILE.replace('REQUEST', 'RESPONSE')}", 2, "this is a response file, not"),
        (changed(2, "Digest: 52ca89b2"), 2, "`Digest: ` must be followed by 16 hex digits"),
        (changed(2, "Digest: 5d41daaa135a3ef0"), 2, "the contents do not match the digest"),
        (changed(4, LINES[3].replace("b", "*", 1)), 4, "this line holds characters"),
        (changed(4, f"> {LINES[3]}"), 4, "this line holds characters"),
        (changed(4, LINES[3].replace("b", "\u0430", 1)), 4, "this line holds characters"),
        (changed(4, LINES[3] + "="), 4, "this line holds characters"),
        (changed(4, LINES[3][1:]), 4, "characters are missing or too many"),
        (changed(4, LINES[3][4:]), 4, "the contents do not match the digest"),
        (changed(6, LINES[5][1:]), 6, "characters are missing or too many"),
        (changed(6, LINES[5][:-1]), 6, "characters are missing or too many"),
        (changed(5), 2, "the contents do not match the digest"),
        (changed(4, LINES[3].swapcase()), 2, "the contents do not match the digest"),
        ("\n".join([*LINES[:3], *LINES[6:]]), 3, "there is nothing between the two marks"),
        ("\n".join([LINES[0], *LINES[6:]]), 2, "there is nothing between the two marks"),
        (write(Kind.REQUEST, b"[1]"), 4, "the contents are no JSON object"),
        (write(Kind.REQUEST, b"{"), 4, "the contents are no JSON object"),
        (write(Kind.REQUEST, b"[" * 9000), 4, "the contents are no JSON object"),
    ],
)
def test_a_damaged_file_says_where_and_what(file: str, line: int, fault: str) -> None:
    found = damage(file)
    assert found[0] == line
    assert found[1].startswith(fault)
    assert damage(f"Hello\r\n{file}")[0] == line + (0 if line == 1 else 1)


@given(documents, st.data())
def test_no_changed_character_goes_unnoticed(document: bytes, data: st.DataObject) -> None:
    """Between the marks, every change that is more than white space is found in a digested file."""
    file = write(Kind.REQUEST, document)
    start, end = file.index("\n\n") + 2, file.index("\n-----END")
    at = data.draw(st.integers(start, end - 1).filter(lambda place: file[place] != "\n"))
    other = data.draw(st.sampled_from("AbZ09+/=*").filter(lambda letter: letter != file[at]))
    changed = file[:at] + other + file[at + 1 :]
    # The last letter of base64 may have bits that mean nothing.
    assume(_decoded(changed[start:end]) != document)
    line, _ = damage(changed)
    assert line in {2, file.count("\n", 0, at) + 1, file.count("\n", 0, end) + 1}


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.replace("\n", ""), validate=True)
    except binascii.Error:
        return None


@given(documents, st.data())
def test_a_file_cut_off_anywhere_is_found(document: bytes, data: st.DataObject) -> None:
    file = write(Kind.REQUEST, document)
    length = data.draw(st.integers(0, len(file.rstrip()) - 1))
    line, _ = damage(file[:length])
    assert 1 <= line <= file.count("\n")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_or_damaged(noise: bytes) -> None:
    marks = [b"-----BEGIN ACTIVATION REQUEST-----\n", b"\n-----END ACTIVATION REQUEST-----"]
    for file in (noise, marks[0] + noise, marks[0] + noise + marks[1]):
        with pytest.raises(DamagedError) as caught:
            read(Kind.REQUEST, file)
        assert 1 <= caught.value.line <= len(file) + 1


def test_the_longest_body_fits_into_a_file() -> None:
    assert len(write(Kind.REQUEST, b"{" + b" " * (16 * 1024 - 2) + b"}")) < MAX_FILE
