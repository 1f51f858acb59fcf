"""Images go to another subdomain, with all that is on them."""

from collections.abc import Iterable

from mic21.corpus.edit.run import EditReport, record_edit
from mic21.corpus.edit.withdraw import require_active
from mic21.corpus.store import Corpus
from mic21.errors import UsageError


def move(
    corpus: Corpus,
    to: str,
    *,
    images: Iterable[int] | None = None,
    subdomain: str | None = None,
    has: str | None = None,
    lacks: str | None = None,
) -> EditReport:
    """Move images, with all that is on them, to another subdomain.

    Args:
        corpus: to edit.
        to: key of the subdomain.
        images: ids of images; None for all.
        subdomain: only the images of this one.
        has: only images with a draft or accepted annotation of this category.
        lacks: only images without one of this category.

    Raises:
        UsageError: nothing says which images.
        CorpusError: an id that is no active image.
    """
    corpus.ontology.subdomain(to)
    wanted = None if images is None else set(images)
    if wanted is None and subdomain is None and has is None:
        raise UsageError("move: expected images, a subdomain or a category that says what to move, found none")
    if wanted is not None:
        require_active(corpus, wanted)
    chosen = corpus.images(subdomain=subdomain, category=has, images=wanted)["id"].to_pylist()
    without = set(corpus.images(category=lacks)["id"].to_pylist()) if lacks else set()
    ids = [id for id in chosen if id not in without]
    parameters = {"to": to, "subdomain": subdomain, "has": has, "lacks": lacks, "images": sorted(wanted or ())}
    return record_edit(corpus, "move", parameters, lambda _: {"images": {id: {"subdomain": to} for id in ids}})
