"""Pickled NumPy arrays, as detectron2 publishes its weights, read without running what a pickle may say.

Only what puts arrays and plain containers together again is let through; the tensors of a model need nothing else.
"""

import codecs
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy._core import multiarray, numeric

from mic21.errors import BackendError


def _to_bytes(text: str, encoding: str) -> bytes:
    """Bytes that Python 3 pickled as text; the codecs that transform bytes are not let through."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"codec {encoding!r}")
    return codecs.encode(text, encoding)


_ARRAYS: dict[str, Callable[..., Any]] = {
    "multiarray._reconstruct": multiarray._reconstruct,
    "multiarray.scalar": multiarray.scalar,
    "numeric._frombuffer": numeric._frombuffer,  # type: ignore[attr-defined] # not in NumPy's stubs
}
_ALLOWED: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": np.ndarray,
    "numpy.dtype": np.dtype,
    "collections.OrderedDict": OrderedDict,
    "_codecs.encode": _to_bytes,
    # NumPy 2 moved its inside from one name to the other.
    **{f"numpy.{inside}.{name}": function for inside in ("core", "_core") for name, function in _ARRAYS.items()},
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a pickle may call."""
        try:
            return _ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name}, which would run when it is read") from None


def read_numpy_pickle(path: Path) -> Any:
    """The arrays and plain containers that a file of pickled ones holds.

    Raises:
        BackendError: the file is not there, is no pickle, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            return _ArrayUnpickler(file, encoding="latin1").load()
    # A broken pickle fails with whatever its last instruction fails with.
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise BackendError(f"{path}: expected a pickle of NumPy arrays and nothing else, found: {error}") from error
