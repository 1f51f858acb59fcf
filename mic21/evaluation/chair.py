"""CHAIR of Rohrbach et al. 2018 over the ontology: objects that a caption says and that are not there.

A hypernym of an annotated category is no hallucination: where a violin is annotated, one may say "instrument". A
hyponym that is not annotated is one: where a car is annotated, "taxi" says more than is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mic21.evaluation.truth import Truth
from mic21.ontology.mentions import Mention


@dataclass(frozen=True, slots=True)
class Objects:
    """What one caption says of objects; sums of them are those of many captions.

    Attributes:
        said: mentions of categories that the release annotates.
        hallucinated: mentions among these of what is not annotated in the image.
        said_known: mentions of what annotators looked for in the image's subdomain.
        hallucinated_known: mentions among these of what is not annotated, hence not there.
        annotated: categories that are annotated.
        recalled: those among them that are said, by their own name or a hypernym's.
        named: those among them that are said by their own name.
    """

    said: int
    hallucinated: int
    said_known: int
    hallucinated_known: int
    annotated: int
    recalled: int
    named: int


def count_objects(mentions: Sequence[Mention], truth: Truth) -> Objects:
    """What a caption says of the objects of its image.

    A mention counts each time, as in the reference code. One that can name several categories is right if any of them
    is.

    Args:
        mentions: of the caption, see `mic21.ontology.mentions.Mentions`.
        truth: of its image.
    """
    judged = [mention for mention in mentions if not truth.judged.isdisjoint(mention.categories)]
    known = [mention for mention in mentions if not truth.looked_for.isdisjoint(mention.categories)]
    said = {key for mention in mentions for key in mention.categories}
    return Objects(
        said=len(judged),
        hallucinated=_wrong(judged, truth),
        said_known=len(known),
        hallucinated_known=_wrong(known, truth),
        annotated=len(truth.annotated),
        recalled=sum(not said.isdisjoint(truth.lines[key]) for key in truth.annotated),
        named=len(said & truth.annotated),
    )


def _wrong(mentions: Sequence[Mention], truth: Truth) -> int:
    return sum(truth.supported.isdisjoint(mention.categories) for mention in mentions)
