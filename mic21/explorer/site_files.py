"""The files of the page itself: HTML, style, modules and texts, as they lie in the package."""

from pathlib import Path

from mic21.errors import UsageError

_FOLDER = Path(__file__).parent / "page"
_MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".tsv": "text/tab-separated-values",
    ".svg": "image/svg+xml",
}

# Also in index.html, for a site without our server; that cannot say who may frame it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_names() -> list[str]:
    """Names of the page's files."""
    return sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _MEDIA)


def page_file(name: str) -> tuple[bytes, str]:
    """The bytes and the media type of one of the page's files.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in page_names():
        raise UsageError(f"page/{name}: there is nothing at this address")
    return (_FOLDER / name).read_bytes(), _MEDIA[Path(name).suffix]
