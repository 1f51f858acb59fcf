"""Scenes: what is drawn, and that masks are exactly what is seen."""

from dataclasses import replace

import numpy as np
import pytest

from mic21.geometry import area, rle_to_mask
from mic21.ontology import Ontology
from mic21.synth.canvas import Canvas, Placement
from mic21.synth.colors import COLORS
from mic21.synth.figures import Look
from mic21.synth.recipes import FIGURES, RECIPES, Recipe
from mic21.synth.scenes import compose

ONTO = Ontology.load()
RED = Look("red", COLORS["red"], COLORS["blue"], (241, 194, 150), (40, 30, 25))


def named(recipe: Recipe) -> list[str]:
    return [recipe.subject, *(part.category for part in recipe.parts), *(key for key, _ in recipe.beside)]


def draw(canvas: Canvas, key: str, placement: Placement, owner: int) -> None:
    patch = canvas.patch(FIGURES[key].box, placement)
    assert patch
    image, pen, left, top = patch
    FIGURES[key].draw(pen, RED)
    canvas.settle(image, left, top, owner)


def test_scenes_show_many_categories_and_only_those_of_their_subdomain() -> None:
    for recipe in RECIPES:
        drawn = {category.key for category in ONTO.categories(subdomain=recipe.subdomain)}
        assert set(named(recipe)) <= drawn, recipe
    shown = {key for recipe in RECIPES for key in named(recipe)}
    assert shown == set(FIGURES)
    assert len(shown) >= 100
    assert len({recipe.subdomain for recipe in RECIPES}) >= 40


def test_interactions_are_those_that_the_ontology_states() -> None:
    for recipe in RECIPES:
        for part in recipe.parts:
            if part.predicate is None:
                continue
            ends = (recipe.subject, part.category)
            subject, object = reversed(ends) if part.predicate == "part_of" else ends
            subjects = {subject, *(above.key for above in ONTO.ancestors(subject))}
            objects = {object, *(above.key for above in ONTO.ancestors(object))}
            stated = ONTO.relations(predicate=part.predicate)
            assert any(found.subject in subjects and found.object in objects for found in stated), (recipe, part)


def test_several_subjects_do_nothing_that_needs_a_plural_verb() -> None:
    for recipe in RECIPES:
        assert recipe.most == 1 or {part.predicate for part in recipe.parts} <= {"part_of"}


@pytest.mark.parametrize("index", range(len(RECIPES)), ids=lambda index: f"{RECIPES[index].subject}-{index}")
def test_every_object_is_seen_and_no_pixel_is_two_objects(index: int) -> None:
    scene = compose(RECIPES[index], np.random.default_rng(index))
    masks = np.stack([rle_to_mask(thing.rle) for thing in scene.things])
    assert masks.sum(axis=0).max() == 1
    assert all(area(thing.rle) >= 20 for thing in scene.things)
    assert masks.shape[1:] == scene.pixels.shape[:2]


def test_a_mask_is_exactly_the_pixels_that_an_object_changes() -> None:
    background = np.full((120, 160, 3), 255, dtype=np.uint8)
    alone, both = Canvas(background), Canvas(background)
    for canvas in (alone, both):
        draw(canvas, "violinist", Placement(80, 115, 100), 0)
    draw(both, "violin", Placement(90, 40, 90, -8), 1)
    changed = (alone.pixels != both.pixels).any(axis=2)
    assert (changed & ~both.mask(1)).sum() == 0
    assert both.mask(1).sum() > 200
    # What the violin covers is no longer seen of the violinist, and nothing else is gone.
    assert np.array_equal(both.mask(0), alone.mask(0) & ~both.mask(1))


def test_holes_stay_holes() -> None:
    canvas = Canvas(np.full((200, 300, 3), 255, dtype=np.uint8))
    draw(canvas, "bicycle", Placement(150, 180, 250), 0)
    assert not canvas.mask(0)[145, 220]  # between the spokes of the front wheel
    assert canvas.mask(0)[130, 180:270].sum() > 10
    assert (canvas.pixels[~canvas.mask(0)] == 255).all()


def test_figures_stay_in_their_boxes() -> None:
    for key, figure in FIGURES.items():
        x0, y0, x1, y1 = figure.box
        canvas = Canvas(np.full((400, 400, 3), 255, dtype=np.uint8))
        scale = 300 / max(x1 - x0, y1 - y0)
        placement = Placement(200 - scale * (x0 + x1) / 2, 200 - scale * (y0 + y1) / 2, scale)
        roomy = replace(figure, box=(x0 - 0.1, y0 - 0.1, x1 + 0.1, y1 + 0.1))
        patch = canvas.patch(roomy.box, placement)
        assert patch
        image, pen, left, top = patch
        figure.draw(pen, RED)
        canvas.settle(image, left, top, 0)
        rows, columns = np.nonzero(canvas.mask(0))
        outside = [
            placement.point((x0, y0))[0] - columns.min(),
            placement.point((x0, y0))[1] - rows.min(),
            columns.max() - placement.point((x1, y1))[0],
            rows.max() - placement.point((x1, y1))[1],
        ]
        assert max(outside) <= 2, (key, outside)
