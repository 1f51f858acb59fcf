"""Writes a COCO file of the size of MIC21: 21,000 images, 200,000 polygons of 12 to 80 points, 720 categories.

Polygons are stars around a centre, so that they have an area; coordinates have two decimals, as COCO's have.
"""

import argparse
import json
from pathlib import Path

import numpy as np

LICENSES = [{"id": 1, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--images", type=int, default=21_000)
    parser.add_argument("--annotations", type=int, default=200_000)
    parser.add_argument("--categories", type=int, default=720)
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    width, height = 640, 480
    with options.path.open("w", encoding="utf-8") as file:
        file.write('{"info":{"description":"generated"},"licenses":' + json.dumps(LICENSES) + ',"images":[')
        for id in range(1, options.images + 1):
            image = {"id": id, "file_name": f"{id:012d}.jpg", "width": width, "height": height, "license": 1}
            file.write(("," if id > 1 else "") + json.dumps(image))
        file.write('],"annotations":[')
        for id in range(1, options.annotations + 1):
            points = int(random.integers(12, 81))
            angles = np.sort(random.uniform(0, 2 * np.pi, points))
            radii = random.uniform(20, 100, points)
            centre = random.uniform((100, 100), (width - 100, height - 100))
            xy = np.round(centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None], 2)
            (left, top), (right, bottom) = xy.min(0), xy.max(0)
            x, y = xy.T
            area = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
            annotation = {
                "id": id,
                "image_id": int(random.integers(1, options.images + 1)),
                "category_id": int(random.integers(1, options.categories + 1)),
                "segmentation": [xy.ravel().tolist()],
                "area": area,
                "bbox": [left.item(), top.item(), round((right - left).item(), 2), round((bottom - top).item(), 2)],
                "iscrowd": 0,
            }
            file.write(("," if id > 1 else "") + json.dumps(annotation))
        categories = [
            {"id": id, "name": f"category {id}", "supercategory": ""} for id in range(1, options.categories + 1)
        ]
        file.write('],"categories":' + json.dumps(categories) + "}")


if __name__ == "__main__":
    main()
