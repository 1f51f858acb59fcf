"""COCO files, in and out, without loss."""

from mic21.corpus.coco.job import ImportReport
from mic21.corpus.coco.reader import import_coco
from mic21.corpus.coco.writer import export_coco

__all__ = ["ImportReport", "export_coco", "import_coco"]
