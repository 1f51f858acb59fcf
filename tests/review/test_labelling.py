"""The labelling page: what names that came with an import make of it."""

import json
from pathlib import Path

from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.review.labelling import make_labelling

from ..conftest import MINI


def test_characters_that_xml_lacks_are_left_out_of_names(corpus: Corpus, tmp_path: Path) -> None:
    document = json.loads((MINI / "instances.json").read_text())
    names = ["violin\x0b case", "\x01", "a <b> & $c"]
    for category, name in zip(document["categories"], names, strict=False):
        category["name"] = name
    (tmp_path / "instances.json").write_text(json.dumps(document))
    import_coco(corpus, tmp_path / "instances.json", images=MINI / "images", as_draft=True)
    ids = [category["id"] for category in document["categories"][:3]]
    page = make_labelling(corpus, "chess", "en", others=ids)
    assert f'value="violin case" alias="category-{ids[0]}"' in page.xml
    assert f'value="category-{ids[1]}" alias="category-{ids[1]}"' in page.xml
    assert {page.categories[f"category-{id}"] for id in ids} == set(ids)
