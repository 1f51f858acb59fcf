"""What the templates say of the images of a release: a baseline that names what is annotated."""

from collections.abc import Sequence

import numpy as np

from mic21.drafts.captioners import Scene, SceneObject
from mic21.drafts.captioners.template import TemplateCaptioner
from mic21.release.reader import Release


def template_captions(
    release: Release, split: str, language: str, kind: str, image_ids: Sequence[int]
) -> dict[str, dict[int, str]]:
    """`template` → image id → caption, in the languages that there are templates for; else nothing.

    An image that the templates have nothing to say of gets an empty caption.
    """
    captioner = TemplateCaptioner(release.ontology)
    if language not in captioner.languages:
        return {}
    objects: dict[int, list[SceneObject]] = {}
    for row in release.annotations(split=split).to_pylist():
        category_id = release.ontology[row["category"]].id if row["category"] else row["category_id"]
        found = SceneObject(category_id, tuple(row["bbox"]), row["area"], row["score"], row["iscrowd"])
        objects.setdefault(row["image_id"], []).append(found)
    rows = {row["id"]: row for row in release.images(split=split).to_pylist()}
    scenes = [
        Scene(
            rows[id]["width"],
            rows[id]["height"],
            rows[id]["subdomain"],
            tuple(objects.get(id, ())),
            lambda: np.empty((0, 0, 3), np.uint8),  # templates do not look
        )
        for id in image_ids
    ]
    drafts = captioner.caption(scenes, languages=[language], kinds=[kind])
    return {
        "template": {
            id: next((draft.text for draft in of_image), "") for id, of_image in zip(image_ids, drafts, strict=True)
        }
    }
