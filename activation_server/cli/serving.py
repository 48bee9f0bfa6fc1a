"""Serve apps: the process around the web's edge, from the socket to the last answer."""

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Literal

import structlog
import uvicorn

from activation_server import bootstrap
from activation_server.cli.demo import prepare_demo
from activation_server.cli.operate import WRONG_USE, fail, refusals_told
from activation_server.cli.workers import Workers, sockets_for
from activation_server.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from activation_server.services import erasure
from activation_server.services.context import Context
from activation_server.settings import Settings
from activation_server.web.admission import Admission, House
from activation_server.web.app import create_app

GRACEFUL_SECONDS = 30
END_SECONDS = 5  # for a worker to close what it has open, after its last answer
WATCH_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 30
BACKLOG = 2048

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """uvicorn, which ends by itself on a signal instead of passing it on: we tidy up after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully on SIGTERM and SIGINT while serving."""
        loop = asyncio.get_running_loop()
        for signal_ in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_, self.handle_exit, signal_, None)
        try:
            yield
        finally:
            for signal_ in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(signal_)


def run(chosen: Settings, *, demo: bool) -> None:
    """Serve until a signal ends it; exits with a sentence where it can't."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until serving: tidy up and go
    with refusals_told(as_json=False):
        if chosen.workers > 1 and sys.platform == "win32":
            fail("Windows has one worker only.", as_json=False, code=WRONG_USE)
        _check_tls(chosen)
        listening = _listen(chosen)
        chosen = chosen.model_copy(update={"port": listening.getsockname()[1]})
        with (
            listening,
            bootstrap.running_postgres(chosen) as (url, postgres),
            asyncio.Runner(loop_factory=loop_factory()) as runner,
        ):
            serve = _serve if chosen.workers == 1 else _serve_by_workers
            runner.run(serve(chosen, url, postgres, listening, demo=demo))


def make_server(chosen: Settings, context: Context) -> uvicorn.Server:
    """Make what serves apps, until a signal ends it."""
    spare_the_collector()
    return _Server(_config(chosen, context))


def spare_the_collector() -> None:
    """Let Python look for garbage in cycles less often: a request leaves next to none behind.

    What is loaded by now stays for good; looking it through again and again took a tenth of the
    time of a check-in.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Choose uvloop where there is one: Windows has none."""
    try:
        import uvloop  # noqa: PLC0415 - not installed on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


def _check_tls(chosen: Settings) -> None:
    """See that the certificate and its key can be used, before anything is begun."""
    if chosen.tls_cert is None or chosen.tls_key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            chosen.tls_cert, chosen.tls_key
        )
    except OSError as error:  # ssl.SSLError is one
        fail(f"The TLS certificate or key can't be used: {error.strerror}.", as_json=False)


def _listen(chosen: Settings) -> socket.socket:
    """Take the address first: when it is in use, nothing else is begun."""
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    # Without the protocol's number asyncio does not set TCP_NODELAY, and each answer waits 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((chosen.host, chosen.port))
    except OSError as error:
        listening.close()
        fail(
            f"Can't serve on {chosen.host}:{chosen.port}: {error.strerror}. "
            "Choose another with --host and --port.",
            as_json=False,
        )
    return listening


async def _serve(
    chosen: Settings,
    url: str,
    postgres: EmbeddedPostgres | None,
    listening: socket.socket,
    *,
    demo: bool,
) -> None:
    async with bootstrap.open_context(chosen, url) as context, _background(context, postgres):
        await erasure.check(context)
        server = make_server(chosen, context)
        listening.listen(BACKLOG)  # from here on a connection waits instead of being refused
        await _tell(chosen, context, demo=demo)
        await server.serve(sockets=[listening])
        log.info("stopped")


async def _serve_by_workers(
    chosen: Settings,
    url: str,
    postgres: EmbeddedPostgres | None,
    listening: socket.socket,
    *,
    demo: bool,
) -> None:
    """Have workers serve; what goes on beside runs here, once, and whichever of them dies."""
    async with (
        bootstrap.open_context(chosen, url, connections=bootstrap.CONNECTIONS_BESIDE) as context,
        _background(context, postgres),
    ):
        await bootstrap.check_connections(context, chosen.workers)
        await erasure.check(context)
        sockets = sockets_for(chosen.workers, listening)
        for each in sockets:
            each.listen(BACKLOG)
        stop = _signalled()
        async with Workers(chosen, sockets, GRACEFUL_SECONDS + END_SECONDS) as workers:
            ready = asyncio.create_task(workers.ready())
            await asyncio.wait({ready, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.done():
                await _tell(chosen, context, demo=demo)
            await stop
        log.info("stopped")


def _signalled() -> asyncio.Task[Literal[True]]:
    """Give what is done on the first SIGTERM or SIGINT."""
    loop, came = asyncio.get_running_loop(), asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, came.set)
    return asyncio.create_task(came.wait())


async def _tell(chosen: Settings, context: Context, *, demo: bool) -> None:
    """Say where it serves, and how to try it."""
    log.info("serving", address=chosen.address, issuer=context.issuer)
    if demo:
        sys.stdout.write(await prepare_demo(context, chosen.address, chosen.data_dir))
        sys.stdout.flush()


@contextlib.asynccontextmanager
async def _background(context: Context, postgres: EmbeddedPostgres | None) -> AsyncIterator[None]:
    """Run what goes on beside serving, and end it with the server."""
    tasks = [
        asyncio.create_task(bootstrap.keep_partitions(context)),
        asyncio.create_task(bootstrap.keep_checkpoints(context)),
        asyncio.create_task(bootstrap.keep_retention(context)),
        asyncio.create_task(bootstrap.keep_telling(context)),
    ]
    if postgres is not None:
        tasks.append(asyncio.create_task(_watch(postgres)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(postgres: EmbeddedPostgres) -> None:
    """Start the embedded PostgreSQL again should it die: nobody is locked out for that."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if await asyncio.to_thread(postgres.ensure_running):
                log.warning("postgres_restarted")
        except EmbeddedPostgresError:
            log.exception("postgres_restart_failed")


def _protocol(app: Admission) -> Any:  # noqa: ANN401 - see below
    """Choose the connection that asks at the door, where there is httptools: Windows has none.

    uvicorn takes whatever makes one, and says that it takes a class.
    """
    try:
        from activation_server.web.doorkeeper import Doorkeeper  # noqa: PLC0415 - see above
    except ImportError:
        return "auto"
    return partial(Doorkeeper, app)


def _config(chosen: Settings, context: Context) -> uvicorn.Config:
    proxies = [one.strip() for one in chosen.trusted_proxies.split(",") if one.strip()]
    app = create_app(context, bootstrap.is_ready, House(chosen.most_in_flight))
    return uvicorn.Config(
        app,
        http=_protocol(app),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        ssl_certfile=chosen.tls_cert,
        ssl_keyfile=chosen.tls_key,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        backlog=BACKLOG,
        lifespan="off",
    )
