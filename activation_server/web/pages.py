"""Pages for people: what a problem code means and what to do about it."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from activation_server.formats import admin_problem, problem
from activation_server.formats.problem import slug

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=3600",
}
_PAGES = {**problem.PAGES, **admin_problem.PAGES}
_BY_SLUG = {slug(code): (code, text) for code, text in _PAGES.items()}
_templates = Environment(
    loader=PackageLoader("activation_server.web"), autoescape=select_autoescape()
)


def with_code(sentence: str) -> Markup:
    """Mark up what stands between backticks as code."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def in_words(time: datetime) -> str:
    """Write a time for people: 22 December 2026, 10:00 UTC."""
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


_templates.filters["with_code"] = with_code
_templates.filters["at"] = in_words
_STYLE = _templates.get_template("style.css").render()


def make_router() -> APIRouter:
    """Make the routes of the pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/problems")
    async def problems() -> Response:
        return page("problems.html", 200, known=_BY_SLUG)

    @router.get("/problems/{code}")
    async def problem(code: str) -> Response:
        known = _BY_SLUG.get(slug(code))
        if known is None:
            return page("problems.html", 404, known=_BY_SLUG, missing=True)
        return page("problem.html", 200, code=known[0], text=known[1])

    @router.get("/static/style.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css", headers=_HEADERS)

    return router


def page(
    template: str, status: int, headers: Mapping[str, str] = _HEADERS, **values: object
) -> HTMLResponse:
    """Write a page; every value is escaped."""
    return HTMLResponse(_templates.get_template(template).render(values), status, headers)
