"""Images leave: first queries and releases, then the disk."""

from collections.abc import Iterable

from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.edit.run import PURGE, EditReport, record_edit
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError


def withdraw(corpus: Corpus, images: Iterable[int], *, reason: str) -> EditReport:
    """Withdraw images: they leave queries and releases, their record stays, and their ids are never used again.

    Raises:
        CorpusError: an id that is no active image.
    """
    ids = sorted(set(images))
    require_active(corpus, ids)
    return record_edit(
        corpus,
        "withdraw",
        {"images": ids, "reason": reason},
        lambda _: {"images": {id: {"status": "withdrawn"} for id in ids}},
    )


def purge(corpus: Corpus) -> int:
    """Delete the stored photographs of withdrawn images, which cannot be undone; gives how many files went.

    The log names them.
    """
    images = schema.images.c
    with corpus.reading() as connection:
        used = set(connection.execute(select(images.sha256).where(images.status == "active")).scalars())
        gone = connection.execute(
            select(images.sha256, images.extension).where(images.status == "withdrawn", images.sha256.is_not(None))
        ).all()
    paths = {corpus.files.path(row.sha256, row.extension) for row in gone if row.sha256 not in used}
    present = [path for path in paths if path.is_file()]
    run_id = corpus.start_run(PURGE, {"files": sorted(path.name for path in present)})
    for path in present:
        path.unlink()
    corpus.finish_run(run_id)
    return len(present)


def require_active(corpus: Corpus, ids: Iterable[int]) -> None:
    """Refuse ids that are of no active image.

    Raises:
        CorpusError: they are named.
    """
    wanted = set(ids)
    missing = wanted - set(corpus.images(images=wanted)["id"].to_pylist())
    if missing:
        shown = ", ".join(str(id) for id in sorted(missing)[:10])
        raise CorpusError(f"images: expected ids of active images, found {shown}")
