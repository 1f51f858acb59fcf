"""Pickles of detectron2's model zoo, and pickles that would run something."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mic21.errors import BackendError
from mic21.networks.numpy_pickle import read_numpy_pickle

NUMBERS = arrays.floating_dtypes(endianness="=") | arrays.integer_dtypes(endianness="=")
TENSORS = arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0))


@given(st.dictionaries(st.text(), TENSORS), st.sampled_from(range(pickle.HIGHEST_PROTOCOL + 1)))
def test_arrays_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Any], protocol: int
) -> None:
    path = tmp_path_factory.mktemp("zoo") / "model.pkl"
    path.write_bytes(pickle.dumps({"model": OrderedDict(tensors), "__author__": "A"}, protocol))
    found = read_numpy_pickle(path)
    assert (found["__author__"], list(found["model"])) == ("A", list(tensors))
    for name, tensor in tensors.items():
        assert (found["model"][name].dtype, found["model"][name].tobytes()) == (tensor.dtype, tensor.tobytes())


class Runs:
    def __reduce__(self) -> Any:
        return os.mkdir, ("it_ran",)


class Evaluates:
    def __reduce__(self) -> Any:
        return eval, ("open('it_ran', 'w')",)


@pytest.mark.parametrize("value", [Runs(), {"model": {"w": Evaluates()}}, Path(), np.random.default_rng(1)])
def test_a_pickle_that_would_run_something_is_refused(
    value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(BackendError, match="would run when it is read"):
        read_numpy_pickle(Path("model.pkl"))
    assert not Path("it_ran").exists()


def test_methods_of_what_is_let_through_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")
    with pytest.raises(BackendError, match=r"numpy\.ndarray\.tofile, which would run"):
        read_numpy_pickle(tmp_path / "model.pkl")


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps({"w": np.zeros(9)})[:-20]])
def test_a_broken_file_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(data)
    with pytest.raises(BackendError, match=r"model\.pkl: expected a pickle of NumPy arrays"):
        read_numpy_pickle(tmp_path / "model.pkl")
