"""The step `synth`: scenes into a corpus, batch by batch, each image a function of the seed and its number alone."""

import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id
from mic21.corpus.licenses import license_id
from mic21.corpus.store import Corpus
from mic21.corpus.tables import encode_json
from mic21.errors import UsageError
from mic21.geometry import area, bbox
from mic21.ontology import Ontology
from mic21.synth.captions import GRAMMARS, description, grammar, title
from mic21.synth.facts import facts_of
from mic21.synth.recipes import RECIPES, Recipe
from mic21.synth.scenes import Scene, compose

STEP = "synth"
LICENSE = "CC0-1.0"
LANGUAGES = tuple(GRAMMARS)
_BATCH = 64


@dataclass(frozen=True, slots=True)
class SynthReport:
    """What came into the corpus.

    Attributes:
        images: how many new ones.
        annotations: with their masks.
        captions: titles and descriptions.
        unchanged: images of the same seed that the corpus had already.
    """

    images: int
    annotations: int
    captions: int
    unchanged: int


def synthesize(
    folder: str | Path,
    *,
    images: int,
    seed: int,
    languages: Sequence[str] = LANGUAGES,
    subdomains: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> SynthReport:
    """Make a corpus of generated scenes, or add to one what it lacks of them.

    The same seed gives the same bytes of each image and the same records; a longer run begins with the images of a
    shorter one, so that a killed run is simply started anew.

    Args:
        folder: of the corpus, which is made where it is missing.
        images: how many.
        seed: of all that is drawn by lot; 0 or more.
        languages: of the captions, of `LANGUAGES`.
        subdomains: only scenes of these.
        on_progress: called with (images done, images in all).

    Raises:
        UsageError: a number is out of its range, a language has no grammar, a subdomain no scenes, or the corpus has
            scenes of this seed in other languages or of other subdomains.
    """
    languages, subdomains = list(dict.fromkeys(languages)), list(dict.fromkeys(subdomains))
    if images < 1 or seed < 0:
        raise UsageError(f"synth: expected one image or more and a seed from 0, found {images} and {seed}")
    for language in languages:
        grammar(language)
    recipes = _recipes(subdomains)
    if Path(folder).exists() and not Path(folder).is_dir():
        raise UsageError(f"{folder}: expected a folder for the corpus, found a file")
    corpus = Corpus.create(folder)
    _check_earlier(corpus, seed, languages, subdomains)
    there = _there(corpus)
    todo = [number for number in range(images) if _name(seed, number) not in there]
    report = SynthReport(0, 0, 0, images - len(todo))
    if todo:
        parameters = {"images": images, "seed": seed, "languages": languages, "subdomains": subdomains}
        run_id = corpus.start_run(STEP, parameters)
        for numbers, scenes in _batches(todo, seed, recipes):
            with corpus.writing() as connection:
                for number, (scene, png) in zip(numbers, scenes, strict=True):
                    added = _insert(corpus, connection, run_id, _name(seed, number), scene, png, languages)
                    report = SynthReport(
                        report.images + 1, report.annotations + added[0], report.captions + added[1], report.unchanged
                    )
            if on_progress:
                on_progress(report.images, len(todo))
        corpus.finish_run(run_id)
    corpus.close()
    return report


def scene_of(number: int, seed: int, recipes: Sequence[Recipe] = RECIPES) -> Scene:
    """The scene of a number: recipes take turns, in another order each round."""
    turn, place = divmod(number, len(recipes))
    order = np.random.default_rng([seed, turn]).permutation(len(recipes))
    return compose(recipes[order[place]], np.random.default_rng([seed, number, 1]))


def _recipes(subdomains: Sequence[str]) -> tuple[Recipe, ...]:
    known = {recipe.subdomain for recipe in RECIPES}
    for key in subdomains:
        if key not in known:
            raise UsageError(f"synth: expected a subdomain with scenes ({', '.join(sorted(known))}), found {key!r}")
    return tuple(recipe for recipe in RECIPES if not subdomains or recipe.subdomain in subdomains)


def _name(seed: int, number: int) -> str:
    return f"synth-{seed}-{number:06d}.png"


def _check_earlier(corpus: Corpus, seed: int, languages: Sequence[str], subdomains: Sequence[str]) -> None:
    """Refuse to mix what the same seed and number make of other wishes."""
    used = select(schema.runs.c.parameters).where(
        schema.runs.c.step == STEP, schema.runs.c.id.in_(select(schema.images.c.run_id))
    )
    with corpus.reading() as connection:
        earlier = [json.loads(parameters) for parameters in connection.execute(used).scalars()]
    for parameters in earlier:
        of_run = [{*parameters[name]} for name in ("languages", "subdomains")]
        if parameters["seed"] == seed and of_run != [{*languages}, {*subdomains}]:
            themes = ", ".join(parameters["subdomains"]) or "all subdomains"
            raise UsageError(
                f"{corpus.path}: has scenes of seed {seed} of {themes}, captioned in "
                f"{', '.join(parameters['languages'])}; choose the same, another seed or another folder"
            )


def _there(corpus: Corpus) -> set[str]:
    """File names of all images that the corpus has had, so that one that was withdrawn does not come back."""
    with corpus.reading() as connection:
        return set(connection.execute(select(schema.images.c.file_name)).scalars())


def _draw(task: tuple[int, int, tuple[Recipe, ...]]) -> tuple[Scene, bytes]:
    scene = scene_of(*task)
    buffer = io.BytesIO()
    Image.fromarray(scene.pixels).save(buffer, "PNG")
    return scene, buffer.getvalue()


def _batches(
    todo: Sequence[int], seed: int, recipes: tuple[Recipe, ...]
) -> Iterator[tuple[Sequence[int], list[tuple[Scene, bytes]]]]:
    """Numbers with their scenes, drawn on all cores where there are many."""
    batches = [todo[start : start + _BATCH] for start in range(0, len(todo), _BATCH)]
    tasks = [[(number, seed, recipes) for number in batch] for batch in batches]
    cores = os.cpu_count() or 1
    if len(batches) < 2 or cores < 2:
        for batch, of_batch in zip(batches, tasks, strict=True):
            yield batch, [_draw(task) for task in of_batch]
        return
    # Spawned, because a forked process would share the database's connection.
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        drawn = pool.map(_draw, [task for of_batch in tasks for task in of_batch], chunksize=8)
        for batch in batches:
            yield batch, [next(drawn) for _ in batch]


def _insert(
    corpus: Corpus,
    connection: Connection,
    run_id: int,
    name: str,
    scene: Scene,
    png: bytes,
    languages: Sequence[str],
) -> tuple[int, int]:
    """Insert a scene; gives the numbers of its annotations and captions."""
    stored = corpus.files.add(png)
    image_id = next_id(connection, schema.images)
    image = {
        "id": image_id,
        "file_name": name,
        "sha256": stored.sha256,
        "original_sha256": stored.original_sha256,
        "bytes": stored.bytes,
        "extension": stored.extension,
        "width": stored.width,
        "height": stored.height,
        "phash": stored.phash,
        # Scenes are drawn independently of one another: alike or not, none is another shot of the same.
        "group_key": stored.original_sha256,
        "subdomain": scene.recipe.subdomain,
        "license_id": license_id(connection, LICENSE),
        "author": None,  # the photographs of one author stay in one split of a release; scenes need not
        "status": "active",
        "run_id": run_id,
    }
    insert_rows(connection, schema.images, [image])
    record = {"image_id": image_id, "status": "accepted", "origin": "import", "run_id": run_id}
    annotations = _annotations(scene, corpus.ontology, next_id(connection, schema.annotations))
    captions = _captions(scene, corpus.ontology, languages, next_id(connection, schema.captions))
    ids = [row["id"] for row in annotations]
    interactions = _interactions(scene, ids, next_id(connection, schema.interactions))
    for table, rows in (
        (schema.annotations, annotations),
        (schema.captions, captions),
        (schema.interactions, interactions),
    ):
        insert_rows(connection, table, [row | record for row in rows])
    return len(annotations), len(captions)


def _annotations(scene: Scene, ontology: Ontology, first: int) -> list[dict[str, Any]]:
    return [
        {
            "id": first + index,
            "category_id": ontology[thing.category].id,
            "segmentation": encode_json(thing.rle.to_coco()),
            "bbox": encode_json([float(value) for value in bbox(thing.rle)]),
            "area": float(area(thing.rle)),
            "iscrowd": 0,
        }
        for index, thing in enumerate(scene.things)
    ]


def _captions(scene: Scene, ontology: Ontology, languages: Sequence[str], first: int) -> list[dict[str, Any]]:
    facts = facts_of(scene, ontology)
    texts = [
        {"language": language, "kind": kind, "text": write(facts, language)}
        for language in languages
        for kind, write in (("title", title), ("description", description))
    ]
    return [{"id": first + index} | text for index, text in enumerate(texts)]


def _interactions(scene: Scene, ids: Sequence[int], first: int) -> list[dict[str, Any]]:
    ends = []
    for index, thing in enumerate(scene.things):
        if thing.subject is not None and thing.predicate is not None:
            ends.append((ids[thing.subject], thing.predicate, ids[index]))
    # The part is the subject of `part_of`.
    turned = [(b, predicate, a) if predicate == "part_of" else (a, predicate, b) for a, predicate, b in ends]
    return [
        {"id": first + index, "subject_id": subject, "predicate": predicate, "object_id": object}
        for index, (subject, predicate, object) in enumerate(turned)
    ]
