"""Keep the column map in docs/privacy.md in step with the code; run by `make schemas`."""

from pathlib import Path

from activation_server.formats import privacy_map
from activation_server.services import privacy

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
BEGIN = "<!-- From here on written by `make schemas`. -->\n"
END = "<!-- Up to here. -->\n"


def current(page: str) -> str:
    """Give the page with the map of today between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        msg = "docs/privacy.md lacks the marks that the column map stands between."
        raise ValueError(msg)
    sections = privacy_map.sections(privacy.stored_data(), level=3)
    return f"{before}{begin}\n{sections}\n{end}{after}"


def main() -> None:
    """Write the map into the page."""
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
