"""Photographs as files named by their content, and what is read from one on its way in.

A photograph is stored as it came, byte for byte, with two exceptions: an EXIF orientation is baked into the pixels, and
what browsers cannot show (TIFF, BMP …) becomes PNG. In both cases the sha256 of the original is kept beside.
"""

import functools
import hashlib
import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mic21.errors import CorpusError

MAX_PIXELS = 178_956_970  # where Pillow itself refuses
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_ORIENTATION = 0x0112
_PHASH_SIDE = 32


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A photograph in the store.

    Attributes:
        sha256: of the stored bytes, in hexadecimal; names the file.
        original_sha256: of the bytes as they came.
        bytes: length of the stored file.
        extension: `jpg`, `png` or `webp`.
        width: pixels, upright.
        height: pixels, upright.
        phash: 16 hexadecimal digits, see `perceptual_hash`.
    """

    sha256: str
    original_sha256: str
    bytes: int
    extension: str
    width: int
    height: int
    phash: str


class UnusableImage(CorpusError):  # noqa: N818 - it names a photograph, and the reason is the message
    """A file that is no photograph one can store; the message is the reason."""


class ImageFiles:
    """The folder of stored photographs: `ab/abcdef….jpg`, named by the sha256 of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str, extension: str) -> Path:
        """Where a photograph lies."""
        return self.folder / sha256[:2] / f"{sha256}.{extension}"

    def add(self, data: bytes) -> StoredImage:
        """Store a photograph, unless its bytes are there already.

        Raises:
            UnusableImage: the bytes are no image, truncated, animated, or decode to more than `MAX_PIXELS`.
        """
        upright, stored = read_image(data)
        path = self.path(stored.sha256, stored.extension)
        if not path.is_file() or path.stat().st_size != stored.bytes:
            write_atomically(path, upright)
        return stored

    def read(self, sha256: str, extension: str) -> bytes:
        """The bytes of a stored photograph.

        Raises:
            CorpusError: the file is missing, or its bytes are no longer those that were stored.
        """
        path = self.path(sha256, extension)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise CorpusError(f"{path}: the stored photograph is missing; `mic21 check` lists all such") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise CorpusError(f"{path}: the stored photograph is damaged: its sha256 is no longer its name")
        return data


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under another name in the same folder and rename it, so that it is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_image(data: bytes) -> tuple[bytes, StoredImage]:
    """The bytes to store of a photograph and what is known of it.

    Raises:
        UnusableImage: the bytes are no image, truncated, animated, or decode to more than `MAX_PIXELS`.
    """
    if not data:
        raise UnusableImage("the file is empty")
    try:
        with warnings.catch_warnings():
            # Pillow's own bomb warning and broken-EXIF chatter: the size is checked here.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                raise UnusableImage(f"{image.width}×{image.height} pixels, more than the {MAX_PIXELS:,} allowed")
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format not in ("MPO", "JPEG"):
                raise UnusableImage(f"{image.format} with {frames} frames, expected a single picture")
            return _upright(image, data)
    except Image.DecompressionBombError as error:
        raise UnusableImage(f"more than the {MAX_PIXELS:,} pixels allowed") from error
    except UnidentifiedImageError as error:
        raise UnusableImage("not an image of a known format") from error
    except (UnusableImage, MemoryError):  # too little memory is no fault of the photograph's
        raise
    except Exception as error:  # Pillow raises whatever a broken file leads it to: TypeError, struct.error …
        raise UnusableImage(f"cannot be decoded: {str(error) or type(error).__name__}") from error


def _upright(image: Image.Image, data: bytes) -> tuple[bytes, StoredImage]:
    original = hashlib.sha256(data).hexdigest()
    jpeg = image.format in ("JPEG", "MPO")
    extension = _EXTENSIONS.get("JPEG" if jpeg else str(image.format))
    turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    if extension and not turned:
        width, height = image.size
        if jpeg:
            image.draft("L", (_PHASH_SIDE * 2, _PHASH_SIDE * 2))  # decodes at an eighth, yet reads every byte
        phash = perceptual_hash(image)
        return data, StoredImage(original, original, len(data), extension, width, height, phash)
    upright = ImageOps.exif_transpose(image)
    extension = extension or "png"
    encoded = _encode(upright, extension)
    width, height = upright.size
    sha256 = hashlib.sha256(encoded).hexdigest()
    return encoded, StoredImage(sha256, original, len(encoded), extension, width, height, perceptual_hash(upright))


def _encode(image: Image.Image, extension: str) -> bytes:
    buffer = io.BytesIO()
    profile = image.info.get("icc_profile")
    if extension == "jpg":
        image.save(buffer, "JPEG", quality=95, subsampling=0, icc_profile=profile)
    elif extension == "webp":
        image.save(buffer, "WEBP", lossless=True, icc_profile=profile)
    else:
        if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            image = image.convert("RGB")
        image.save(buffer, "PNG", icc_profile=profile)
    return buffer.getvalue()


def perceptual_hash(image: Image.Image) -> str:
    """The 64-bit DCT hash of a picture, as 16 hexadecimal digits.

    The picture is made grey and 32×32 pixels; of its discrete cosine transform the 8×8 lowest frequencies are compared
    with their median (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
    2010). Pictures of the
    same scene differ in a few bits, unrelated ones in about 32.
    """
    grey = image.convert("L").resize((_PHASH_SIDE, _PHASH_SIDE), Image.Resampling.BOX)
    basis = _cosine_basis()
    low = basis @ np.asarray(grey, dtype=np.float64) @ basis.T
    # Rounded, so that a flat picture's zeros do not turn into the noise of the last bit.
    low = np.round(low.ravel(), 6)
    return np.packbits(low > np.median(low)).tobytes().hex()


@functools.cache
def _cosine_basis() -> npt.NDArray[np.float64]:
    frequency, position = np.arange(8)[:, None], np.arange(_PHASH_SIDE)[None, :]
    return np.cos(np.pi * frequency * (2 * position + 1) / (2 * _PHASH_SIDE))
