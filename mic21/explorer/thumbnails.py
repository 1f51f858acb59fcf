"""Thumbnails: small WebP pictures, made once and kept in the user's cache folder, never inside a release."""

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

from mic21.corpus.images import MAX_PIXELS
from mic21.errors import CorpusError
from mic21.explorer.source import Source

HEIGHT = 300  # pixels: a row of the gallery on a screen of one and a half times the usual density
WIDEST = 3  # times the height; a panorama is made smaller
_QUALITY = 76


def cache_folder() -> Path:
    """Where this system keeps what can be made again, and there our part."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "mic21" / "thumbnails"


class Thumbnails:
    """The thumbnails of a source, named by the digest of the photograph's bytes."""

    def __init__(self, source: Source, folder: Path | None = None) -> None:
        self._source = source
        self._folder = folder or cache_folder()

    def read(self, id: int) -> bytes:
        """The WebP bytes of an image's thumbnail, made now unless it was made before.

        Raises:
            UsageError: there is no such image.
            CorpusError: the photograph cannot be decoded.
        """
        digest = self._source.digest(id)
        path = self._folder / f"{HEIGHT}" / digest[:2] / f"{digest}.webp"
        try:
            return path.read_bytes()
        except OSError:
            data = make_thumbnail(self._source.picture(id)[0])
        _keep(path, data)
        return data


def make_thumbnail(photograph: bytes) -> bytes:
    """A WebP picture of at most `HEIGHT` pixels, of the same shape.

    Raises:
        CorpusError: the photograph cannot be decoded.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(photograph))
        if image.width * image.height > MAX_PIXELS:
            raise CorpusError(f"{image.width}×{image.height} pixels, more than the {MAX_PIXELS:,} allowed")
        size = (WIDEST * HEIGHT, HEIGHT)
        image.draft("RGB", size)  # a JPEG is decoded at an eighth, a quarter or a half where that is enough
        if image.mode not in ("RGB", "RGBA"):
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        image.thumbnail(size, Image.Resampling.HAMMING, reducing_gap=1.5)
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=_QUALITY, method=0)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise on broken files
        raise CorpusError(f"the photograph cannot be decoded: {error}; run `mic21 release verify`") from error
    return buffer.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a cache that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError:
        return
