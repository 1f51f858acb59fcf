"""What `mic21 view` does: open a source with what is to stand beside it, and write it all as a static site."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mic21.errors import Mic21Error, UsageError
from mic21.explorer.candidates import read_candidates
from mic21.explorer.comparison import compare
from mic21.explorer.documents import Documents
from mic21.explorer.site_files import page_file, page_names
from mic21.explorer.source import open_source
from mic21.explorer.thumbnails import Thumbnails

Progress = Callable[[int, int], None]


def open_documents(
    path: str | Path,
    *,
    predictions: Path | None = None,
    captions: Sequence[Path] = (),
    is_static: bool = False,
    cache: Path | None = None,
    on_progress: Progress | None = None,
) -> tuple[Documents, list[str]]:
    """The documents of a release or a corpus, and the predictions that had to be left out, with their places.

    Args:
        path: of a release or a corpus.
        predictions: masks of a model, as COCO results or a COCO file with scores.
        captions: texts of captioners, a file of JSON lines each.
        is_static: whether they are to be read without a server.
        cache: folder of the thumbnails; by default the user's.
        on_progress: called with (images done, images) while predictions, then captions, are compared.

    Raises:
        UsageError: the folder holds neither.
        CheckError: predictions or captions that break their format or are for other images.
    """
    source = open_source(Path(path))
    comparison = compare(predictions, source, on_progress) if predictions else None
    candidates = read_candidates(captions, source, on_progress) if captions else None
    documents = Documents(
        source, Thumbnails(source, cache), comparison=comparison, candidates=candidates, is_static=is_static
    )
    return documents, comparison.problems if comparison else []


def write_site(documents: Documents, folder: Path, *, on_progress: Progress | None = None) -> tuple[int, list[str]]:
    """Write the page and all its documents as files; gives their number, and what could not be read of the source.

    Args:
        documents: opened with `is_static`.
        folder: to be made; every file in it is for any web host to serve as it is.
        on_progress: called with (files written, files).

    Raises:
        UsageError: the folder is there already and holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: expected a folder that is new or empty, found something in it")
    paths = list(documents.paths())
    (folder / "page").mkdir(parents=True, exist_ok=True)
    for name in page_names():
        target = folder / name if name == "index.html" else folder / "page" / name
        target.write_bytes(page_file(name)[0])

    def write(path: str) -> str | None:
        target = folder / "data" / path
        with contextlib.suppress(FileExistsError):
            target.parent.mkdir(parents=True)
        try:
            target.write_bytes(documents.read(path).data)
        except Mic21Error as error:
            return f"{path}: {error}"
        return None

    problems: list[str] = []
    with ThreadPoolExecutor() as pool:
        for done, problem in enumerate(pool.map(write, paths), 1):
            problems += [problem] if problem else []
            if on_progress:
                on_progress(done, len(paths))
    return len(paths) - len(problems) + len(page_names()), problems
