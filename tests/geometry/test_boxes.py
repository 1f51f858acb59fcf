"""Boxes keep their corners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mic21.errors import GeometryError
from mic21.geometry import xywh_to_xyxy, xyxy_to_xywh


@given(st.tuples(*[st.integers(-10_000, 10_000)] * 4))
def test_box_survives(bbox: tuple[int, int, int, int]) -> None:
    assert xyxy_to_xywh(xywh_to_xyxy(bbox)) == bbox
    assert xywh_to_xyxy(xyxy_to_xywh(bbox)) == bbox


def test_corners_are_left_top_right_bottom() -> None:
    assert xywh_to_xyxy([10, 20, 3, 4]) == (10, 20, 13, 24)


@pytest.mark.parametrize("convert", [xywh_to_xyxy, xyxy_to_xywh])
def test_three_numbers_are_refused(convert: object) -> None:
    with pytest.raises(GeometryError, match="box: expected 4 numbers, found 3"):
        convert([1, 2, 3])
