"""Pages for people: what a problem code means and what to do about it."""

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from activation_server.formats.problem import PAGES, slug

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=3600",
}
_BY_SLUG = {slug(code): (code, text) for code, text in PAGES.items()}
_templates = Environment(
    loader=PackageLoader("activation_server.web"), autoescape=select_autoescape()
)


def _with_code(sentence: str) -> Markup:
    """Mark up what stands between backticks as code."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


_templates.filters["with_code"] = _with_code
_STYLE = _templates.get_template("style.css").render()


def make_router() -> APIRouter:
    """Make the routes of the pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/problems")
    async def problems() -> Response:
        return _page("problems.html", 200, known=_BY_SLUG)

    @router.get("/problems/{code}")
    async def problem(code: str) -> Response:
        known = _BY_SLUG.get(slug(code))
        if known is None:
            return _page("problems.html", 404, known=_BY_SLUG, missing=True)
        return _page("problem.html", 200, code=known[0], text=known[1])

    @router.get("/static/style.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css", headers=_HEADERS)

    return router


def _page(template: str, status: int, **values: object) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(values), status, _HEADERS)
