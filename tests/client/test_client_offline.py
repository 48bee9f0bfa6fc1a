"""The client by files: what is written, and which responses are not taken."""

import json
from pathlib import Path

import pytest

from activation_server.client_offline import FileError, OfflineClient
from activation_server.client_transport import MisuseError
from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from tests.client.conftest import laptop

WISH = {"license_key": "KEY", "product": "backup-pro", "app": {"version": "1.0"}}


@pytest.fixture
def client(tmp_path: Path) -> OfflineClient:
    return OfflineClient(tmp_path / "state.json", probe=laptop)


def test_a_request_is_written_again_word_for_word_unless_a_new_one_is_wanted(
    client: OfflineClient,
) -> None:
    first = client.request_file("activate", WISH)
    assert client.request_file("activate", WISH) == first
    assert client.request_file("activate", WISH, anew=True) != first


def test_what_can_not_be_asked_for_is_said(client: OfflineClient) -> None:
    with pytest.raises(MisuseError, match="needs a license key"):
        client.request_file("activate", {})
    with pytest.raises(MisuseError, match="activate it first"):
        client.request_file("reactivate", {})
    with pytest.raises(MisuseError, match="needs a product"):
        client.request_file("trial", {})
    with pytest.raises(MisuseError, match="No request is open"):
        client.read_response(b"")


def test_a_response_that_is_none_leaves_the_request_open(client: OfflineClient) -> None:
    request = client.request_file("activate", WISH)
    other = offline_file.write(Kind.RESPONSE, b'{"status": "deactivated"}')
    with pytest.raises(FileError, match="another request"):
        client.read_response(other.encode())
    with pytest.raises(FileError, match="line 1: this is a request file"):
        client.read_response(request.encode())
    assert client.request_file("activate", WISH) == request


def test_a_trial_is_asked_for_without_a_key(client: OfflineClient) -> None:
    wish = {name: WISH[name] for name in ("product", "app")}
    file = client.request_file("trial", wish)
    document = json.loads(offline_file.read(Kind.REQUEST, file.encode()))
    assert (document["purpose"], document["product"]) == ("trial", "backup-pro")
    assert not {"license_key", "activation_id", "check_in_token"} & document.keys()
