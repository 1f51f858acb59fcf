"""Captions as plain text for language models: a file for each language and split, a caption a line."""

from pathlib import Path
from typing import TextIO

from mic21.release.samples import ShardIndex
from mic21.release.splits import SPLITS


def write_text(release: Path) -> None:
    """Write `text/LANGUAGE-SPLIT.txt`: titles and descriptions in the order of their images, white space folded."""
    (release / "text").mkdir()
    index = ShardIndex(release)
    for split in SPLITS:
        files: dict[str, TextIO] = {}
        try:
            for sample in index.samples(split):
                for caption in sample.captions:
                    language = caption["language"]
                    if language not in files:
                        path = release / "text" / f"{language}-{split}.txt"
                        files[language] = path.open("w", encoding="utf-8", newline="\n")
                    files[language].write(" ".join(caption["caption"].split()) + "\n")
        finally:
            for file in files.values():
                file.close()
