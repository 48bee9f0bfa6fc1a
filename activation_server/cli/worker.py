"""One of several server processes: `python -m activation_server.cli.worker SOCKET`.

Its parent gives it a listening socket by its number, and settings in the environment. It says on
standard output when it serves. Standard input has nothing to read, and ends with the parent.
"""

import asyncio
import signal
import socket
import sys

import structlog

from activation_server import bootstrap, logs
from activation_server.cli import serving
from activation_server.cli.operate import REFUSED, settings
from activation_server.embedded_postgres import EmbeddedPostgresError
from activation_server.rules.errors import OperatorError
from activation_server.settings import Settings

log = structlog.get_logger()


def main() -> None:
    """Serve until a signal or the end of the parent."""
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: sys.exit(0))  # until serving: tidy up and go
    chosen = settings()
    logs.configure(chosen.log_format, chosen.log_level)
    try:
        with (
            socket.socket(fileno=int(sys.argv[1])) as listening,
            bootstrap.running_postgres(chosen) as (url, _),
            asyncio.Runner(loop_factory=serving.loop_factory()) as runner,
        ):
            runner.run(_serve(chosen, url, listening))
    except (OperatorError, EmbeddedPostgresError) as error:
        log.error("worker_not_started", reason=str(error))  # noqa: TRY400 - the sentence says it all
        sys.exit(REFUSED)


async def _serve(chosen: Settings, url: str, listening: socket.socket) -> None:
    async with bootstrap.open_context(chosen, url) as context:
        server = serving.make_server(chosen, context)
        loop, end = asyncio.get_running_loop(), sys.stdin.fileno()

        def parent_gone() -> None:
            loop.remove_reader(end)
            server.handle_exit(signal.SIGTERM, None)

        loop.add_reader(end, parent_gone)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        telling = asyncio.create_task(bootstrap.keep_telling(context))  # of its own requests
        await server.serve(sockets=[listening])
        telling.cancel()


if __name__ == "__main__":
    main()
