"""How baselines are served: like the server itself (`cli/serving.py`), by the same uvicorn."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from activation_server.cli import serving


async def serve(app: FastAPI) -> None:
    """Serve on a free port, whose address is printed, until a signal ends it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(serving.BACKLOG)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=serving.KEEP_ALIVE_SECONDS,
            backlog=serving.BACKLOG,
            lifespan="off",
        )
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        await uvicorn.Server(config).serve(sockets=[listening])
