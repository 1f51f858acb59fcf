"""The images that an evaluation of masks found worst: what people drew beside what a model did."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mic21.corpus.coco.document import segmentation_rle
from mic21.errors import CheckError
from mic21.evaluation.masks import MaskReport, Outline, WorstImage
from mic21.explorer.contact_sheet import SheetImage, draw_contact_sheet
from mic21.explorer.lettering import PAPER
from mic21.explorer.overlay import SheetObject, draw_masks

GAP = 8  # pixels between the two pictures of a pair


def draw_worst(report: MaskReport, images: Path) -> Image.Image:
    """A sheet of the report's worst images: of each the ground truth on the left, the predictions on the right.

    Args:
        report: with `worst` images.
        images: folder of the photographs.

    Raises:
        CheckError: a photograph is not there, or has another size.
    """
    tiles = []
    for one in report.worst:
        photograph = _open(images, one)
        truth = draw_masks(photograph, _objects(one, one.truths, "accepted"))
        predicted = draw_masks(photograph, _objects(one, one.predictions, "draft"))
        pair = Image.new("RGB", (2 * one.width + GAP, one.height), PAPER)
        pair.paste(truth, (0, 0))
        pair.paste(predicted, (one.width + GAP, 0))
        counts = f"{one.matched} right, {one.invented} invented, {one.missed} missed"
        tiles.append(SheetImage(pair, f"{one.file_name}: F1 {one.f1:.2f}", counts))
    subtitle = "what is annotated on the left, what was predicted on the right; right is an IoU of .5 or more"
    return draw_contact_sheet(tiles, title="Worst images", subtitle=subtitle, columns=2, tile_width=960)


def _open(images: Path, one: WorstImage) -> Image.Image:
    path = images / one.file_name
    try:
        photograph = Image.open(path)
        photograph.load()
    except OSError as error:
        raise CheckError(f"{path}: expected the photograph of image {one.id}, found none ({error})") from error
    if photograph.size != (one.width, one.height):
        found = f"{photograph.width}×{photograph.height}"
        raise CheckError(f"{path}: expected {one.width}×{one.height} pixels, found {found}")
    return photograph


def _objects(image: WorstImage, outlines: Sequence[Outline], status: str) -> tuple[SheetObject, ...]:
    return tuple(
        SheetObject(segmentation_rle(one.segmentation, image.height, image.width), one.name, one.score, status)
        for one in outlines
    )
