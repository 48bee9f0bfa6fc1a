"""What takes long to load, and few need, is not loaded when a worker starts."""

import subprocess
import sys

RARE = {"authlib", "httpx2", "joserfc", "pygal", "webauthn"}


def test_a_worker_starts_without_what_few_need():
    loaded = "import sys, activation_server.cli.worker; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, check=True, text=True
    )
    names = set(done.stdout.split())
    assert "activation_server.web.app" in names
    assert RARE.isdisjoint(names)
