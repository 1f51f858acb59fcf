"""Licences: SPDX expressions, and the SPDX id behind the licence URLs and names that photographs come with."""

import functools
import re

from license_expression import ExpressionError, Licensing, get_spdx_licensing
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id
from mic21.errors import UsageError

UNKNOWN = "unknown"

# What Flickr and COCO name without an SPDX id; `LicenseRef-` is SPDX's own form for such licences.
_REFERENCES = {
    "flickr.com/commons/usage": "LicenseRef-No-Known-Copyright-Restrictions",
    "www.usa.gov/copyright.shtml": "LicenseRef-US-Government-Work",
    "www.usa.gov/government-works": "LicenseRef-US-Government-Work",
    "www.pexels.com/license": "LicenseRef-Pexels",
    "pixabay.com/service/license": "LicenseRef-Pixabay",
    "pixabay.com/service/license-summary": "LicenseRef-Pixabay",
    "unsplash.com/license": "LicenseRef-Unsplash",
}
_CREATIVE_COMMONS = re.compile(
    r"^(?:www\.)?creativecommons\.org/licenses/(?P<kind>by(?:-nc)?(?:-nd|-sa)?)/(?P<version>\d\.\d)(?:/(?P<port>[a-z]{2}))?"
)
_CC_ZERO = re.compile(r"^(?:www\.)?creativecommons\.org/publicdomain/zero/1\.0")
_CC_PUBLIC_DOMAIN = re.compile(r"^(?:www\.)?creativecommons\.org/publicdomain/mark/1\.0")


@functools.cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


def parse_license(text: str) -> str:
    """The SPDX expression that a text is, in SPDX's own spelling; `unknown` stays `unknown`.

    Raises:
        UsageError: the text is no SPDX expression.

    >>> parse_license("cc-by-4.0")
    'CC-BY-4.0'
    >>> parse_license("LicenseRef-Museum")
    'LicenseRef-Museum'
    """
    text = text.strip()
    if text.casefold() == UNKNOWN:
        return UNKNOWN
    if re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", text):
        return text
    try:
        parsed = _licensing().parse(text, validate=True)
    except ExpressionError as error:
        raise UsageError(_not_spdx(text)) from error
    if parsed is None:
        raise UsageError(_not_spdx(text))
    return str(parsed)


def _not_spdx(text: str) -> str:
    return f"license: expected an SPDX expression such as CC-BY-4.0, LicenseRef-NAME or unknown, found {text!r}"


def license_of_url(url: str) -> str:
    """The SPDX id of a licence's web address, or `unknown`.

    >>> license_of_url("http://creativecommons.org/licenses/by-nc-sa/2.0/")
    'CC-BY-NC-SA-2.0'
    >>> license_of_url("https://example.org/terms")
    'unknown'
    """
    bare = url.strip().casefold().partition("://")[2].rstrip("/")
    if match := _CREATIVE_COMMONS.match(bare):
        # A port that SPDX does not list keeps the id of its version: the terms differ, and the address is kept beside
        # it.
        unported = f"CC-{match['kind']}-{match['version']}".upper()
        ported = f"{unported}-{match['port'].upper()}" if match["port"] else unported
        return ported if ported in _licensing().known_symbols else unported
    if _CC_ZERO.match(bare):
        return "CC0-1.0"
    if _CC_PUBLIC_DOMAIN.match(bare):
        return "LicenseRef-Public-Domain-Mark"
    return _REFERENCES.get(bare, UNKNOWN)


def license_id(connection: Connection, spdx: str) -> int | None:
    """The id of a licence in the corpus, which is given one where it has none; None for `unknown`."""
    if spdx == UNKNOWN:
        return None
    licenses = schema.licenses
    found = connection.execute(select(licenses.c.id).where(licenses.c.spdx == spdx).order_by(licenses.c.id)).scalar()
    if found is not None:
        return int(found)
    new = next_id(connection, licenses)
    insert_rows(connection, licenses, [{"id": new, "spdx": spdx, "name": spdx}])
    return new
