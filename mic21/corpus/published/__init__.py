"""The published forms of MIC21, which users hold: folders of COCO files, and its copy on the Hugging Face hub."""

from mic21.corpus.published.folders import import_mic21
from mic21.corpus.published.names import read_keys
from mic21.corpus.published.rows import import_hf_mic21

__all__ = ["import_hf_mic21", "import_mic21", "read_keys"]
