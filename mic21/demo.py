"""The whole loop on a handful of real photographs, offline: ingest, segment, caption, check, release, verify, look.

The photographs are those that scikit-image's wheel ships. Their licences and authors are what scikit-image's
documentation says of each; it says nothing of the motorcycle's, so that the demo also shows what a release does with
such a photograph.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image

from mic21.corpus.check import Problem, check
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.images import write_atomically
from mic21.corpus.ingest import ingest
from mic21.corpus.metadata import FACTS
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import load_segmenter
from mic21.errors import BackendError, ReleaseError
from mic21.explorer.contact_sheet import SheetImage, SheetObject, draw_contact_sheet
from mic21.release.build import build_release
from mic21.release.manifest import Manifest, read_manifest
from mic21.release.verify import verify_release

VERSION = "0.1.0"

# file, subdomain, licence, author, source, title; empty: not known.
_PHOTOGRAPHS = (
    (
        "rocket.jpg",
        "rocket",
        "CC0-1.0",
        "SpaceX",
        "https://www.flickr.com/photos/spacexphotos/16511594820/",
        "Falcon 9",
    ),
    ("astronaut.png", "spaceship", "LicenseRef-Public-Domain", "NASA", "https://flic.kr/p/r9qvLn", "Eileen Collins"),
    ("motorcycle_left.png", "motorcycle", "unknown", "", "https://vision.middlebury.edu/stereo/data/scenes2014/", ""),
    ("camera.png", "cameraman", "CC0-1.0", "Lav Varshney", "", ""),
    ("coffee.png", "everyday", "CC0-1.0", "Rachel Michetti", "", ""),
    ("chelsea.png", "pets", "CC0-1.0", "Stefan van der Walt", "", "Chelsea"),
    ("horse.png", "horses", "CC0-1.0", "Andreas Preuss", "http://openclipart.org/detail/158377/horse-by-marauder", ""),
)

# What belongs to none of the 130 subdomains goes to three of the demo's own.
_LOCAL_ONTOLOGY = {
    "domains.tsv": "key\nlife\n",
    "subdomains.tsv": "key\tdomain\neveryday\tlife\npets\tlife\nhorses\tlife\n",
    "memberships.tsv": (
        "subdomain\tcategory\trole\n"
        "everyday\tcup\tdominant\neveryday\tspoon\tattribute\neveryday\tdining_table\tattribute\n"
        "pets\tcat\tdominant\npets\tdog\tattribute\nhorses\thorse\tdominant\nhorses\tsaddle\tattribute\n"
    ),
    "names/en.tsv": (
        "kind\tkey\tname\tsynonyms\tgender\tplural\tsource\treviewed\n"
        "domain\tlife\teveryday life\t\t\t\tmic21\tno\n"
        "subdomain\teveryday\teveryday things\t\t\t\tmic21\tno\nsubdomain\tpets\tpets\t\t\t\tmic21\tno\n"
        "subdomain\thorses\thorses\t\t\t\tmic21\tno\n"
    ),
    "names/bg.tsv": (
        "kind\tkey\tname\tsynonyms\tgender\tplural\tsource\treviewed\n"
        "domain\tlife\tвсекидневие\t\tn\tвсекидневия\tmic21\tno\n"
        "subdomain\teveryday\tвсекидневни предмети\t\tp\tвсекидневни предмети\tmic21\tno\n"
        "subdomain\tpets\tдомашни любимци\t\tp\tдомашни любимци\tmic21\tno\n"
        "subdomain\thorses\tконе\t\tp\tконе\tmic21\tno\n"
    ),
}


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo has made.

    Attributes:
        corpus: folder of the corpus.
        release: folder of the release.
        overview: the contact sheet.
        manifest: of the release.
        problems: what the check found.
    """

    corpus: Path
    release: Path
    overview: Path
    manifest: Manifest
    problems: list[Problem]


def run_demo(folder: str | Path, on_step: Callable[[str], None] = lambda _: None) -> DemoResult:
    """Build a corpus and a release of it from the photographs of scikit-image; a second run finds its work done.

    Args:
        folder: gets `photographs`, `corpus`, `release` and `overview.png`.
        on_step: called with a line on each step.

    Raises:
        BackendError: scikit-image or the embedded segmenter's packages are missing.
        ReleaseError: the release is not what its manifest says.
    """
    folder = Path(folder)
    corpus_folder, release, overview = folder / "corpus", folder / "release", folder / "overview.png"
    metadata = _lay_out(folder / "photographs")
    for name, text in _LOCAL_ONTOLOGY.items():
        write_atomically(corpus_folder / "ontology" / name, text.encode())
    corpus = Corpus.create(corpus_folder)
    ingested = ingest(corpus, [folder / "photographs"], metadata=metadata)
    on_step(f"ingest: {len(ingested.added)} photographs added, {len(ingested.duplicates)} there already")
    segmented = segment(corpus, load_segmenter("embedded", corpus.ontology))
    on_step(f"segment: {segmented.drafts} masks drafted on {segmented.images} photographs")
    captioned = caption(corpus, load_captioner("template", corpus.ontology), languages=("en", "bg"))
    on_step(f"caption: {captioned.drafts} titles and descriptions drafted in English and Bulgarian")
    problems = check(corpus)
    errors = sum(problem.is_error for problem in problems)
    on_step(f"check: {errors} errors, {len(problems) - errors} warnings")
    if not release.exists():
        build_release(corpus, release, version=VERSION, statuses=("draft", "accepted"))
    manifest = read_manifest(release)
    images = sum(counts.images for counts in manifest.counts.values())
    left = ", ".join(f"{len(left.images)} left out ({left.reason})" for left in manifest.left_out)
    on_step(f"release: {images} photographs, {len(manifest.files) + 1} files" + (f"; {left}" if left else ""))
    if changed := verify_release(release):
        raise ReleaseError("; ".join(changed))
    on_step("verify: every byte is as it was released")
    buffer = io.BytesIO()
    _overview(corpus).save(buffer, "PNG", optimize=True)
    write_atomically(overview, buffer.getvalue())
    on_step(f"overview: {overview}")
    return DemoResult(corpus_folder, release, overview, manifest, problems)


def _lay_out(folder: Path) -> Path:
    """Copy the photographs into a folder, with the table of what is known of them; gives the table's path."""
    try:
        source = files("skimage.data")
    except ModuleNotFoundError as error:
        raise BackendError(
            "demo: expected scikit-image, whose wheel ships the photographs: pip install 'mic21[demo]'"
        ) from error
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", *FACTS))
    for row in _PHOTOGRAPHS:
        writer.writerow(row)
        write_atomically(folder / row[0], (source / row[0]).read_bytes())
    metadata = folder / "metadata.csv"
    write_atomically(metadata, table.getvalue().encode())
    return metadata


def _overview(corpus: Corpus) -> Image.Image:
    """A contact sheet of the whole corpus: masks drawn over the photographs, with names and drafted titles."""
    titles = {row["image_id"]: row["text"] for row in corpus.captions(language="en", kind="title").to_pylist()}
    objects: dict[int, list[SheetObject]] = {}
    images = corpus.images().to_pylist()
    sizes = {image["id"]: (image["height"], image["width"]) for image in images}
    for row in corpus.annotations().to_pylist():
        rle = segmentation_rle(row["segmentation"], *sizes[row["image_id"]])
        drawn = SheetObject(rle, row["category_name"], row["score"], row["status"])
        objects.setdefault(row["image_id"], []).append(drawn)
    sheet = [
        SheetImage(
            Image.open(io.BytesIO(corpus.files.read(image["sha256"], image["extension"]))),
            titles.get(image["id"]),
            f"{image['subdomain']} · licence {image['license']}" + (f" · {image['author']}" if image["author"] else ""),
            tuple(objects.get(image["id"], ())),
        )
        for image in images
    ]
    subtitle = "Masks by the embedded segmenter, titles by templates: drafts that no person has corrected yet"
    return draw_contact_sheet(sheet, title="mic21 demo", subtitle=subtitle)
