"""Structured logs, readable on a terminal or as JSON, with nothing personal in them.

What a line says is chosen by name. Messages of exceptions never get there: they may carry what
a person typed, so a fault is logged as its types and its places in the code.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

from activation_server.settings import LogFormat

# Of the request that is being served; empty outside of one.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


_ROOT = logging.getLogger()


def configure(log_format: LogFormat, level: str) -> None:
    """Send all logs of the process, the libraries' too, to standard error in one form."""
    as_json = log_format is LogFormat.JSON or (
        log_format is LogFormat.AUTO and not sys.stderr.isatty()
    )
    shared: list[structlog.typing.Processor] = [
        _with_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_messages_of_exceptions,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.raiseExceptions = False  # a line that can't be written must not spill its parts
    _ROOT.handlers = [handler]
    _ROOT.setLevel(level.upper())
    for name in (
        "sqlalchemy",
        "asyncio",
        "httpx",
        "httpx2",
        "httpcore2",
        "authlib",
        "alembic",
    ):  # their lines may quote what they handle
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


def tells_all() -> bool:
    """Whether lines that are for finding faults alone are written too."""
    return _ROOT.isEnabledFor(logging.DEBUG)


def describe(error: BaseException) -> dict[str, object]:
    """Tell a fault by its types and places alone: no message, no value."""
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 5:
        kinds.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or getattr(cause, "orig", None)
    places = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"errors": kinds, "places": places}  # "exception" is a word of the renderer's own


def _with_request_id(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if request_id := REQUEST_ID.get():
        event["request_id"] = request_id
    return event


def _without_messages_of_exceptions(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.update(describe(error))
    return event
