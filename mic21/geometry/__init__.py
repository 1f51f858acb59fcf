"""Masks: polygons, COCO run lengths, Label Studio brush strokes, outlines, boxes. Pure functions, all lossless.

`Rle` is the form that everything else converts to and from.
"""

from mic21.geometry.boxes import xywh_to_xyxy, xyxy_to_xywh
from mic21.geometry.brush import brush_to_rle, rle_to_brush
from mic21.geometry.measures import area, bbox, intersection, iou, is_empty, merge
from mic21.geometry.outlines import Outline, largest_outline, outlines
from mic21.geometry.polygons import farthest, polygons_to_rle
from mic21.geometry.rle import Rle, counts_to_rle, mask_to_rle, rle_to_counts, rle_to_mask
from mic21.geometry.segmentation import segmentation_to_rle

__all__ = [
    "Outline",
    "Rle",
    "area",
    "bbox",
    "brush_to_rle",
    "counts_to_rle",
    "farthest",
    "intersection",
    "iou",
    "is_empty",
    "largest_outline",
    "mask_to_rle",
    "merge",
    "outlines",
    "polygons_to_rle",
    "rle_to_brush",
    "rle_to_counts",
    "rle_to_mask",
    "segmentation_to_rle",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
