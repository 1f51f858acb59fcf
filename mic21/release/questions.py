"""The questions of a datasheet, in our words, after Gebru et al., "Datasheets for Datasets" (CACM 2021).

https://doi.org/10.1145/3458723. Each has a key, under which `release.toml` may answer it.
"""

from typing import NamedTuple


class Question(NamedTuple):
    """One question.

    Attributes:
        section: of the datasheet.
        key: names it in `release.toml`.
        text: the question.
        reason: why the answer is unknown where neither the corpus nor `release.toml` has one.
    """

    section: str
    key: str
    text: str
    reason: str


_NOBODY = "nobody has answered it in release.toml"
_NOT_RECORDED = "the corpus does not record it and nobody has answered it in release.toml"

_SECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Motivation": (
        ("purpose", "What was it made for: which task, which gap?", _NOBODY),
        ("curator", "Who made it, and for whom?", _NOBODY),
        ("funding", "Who paid for it?", _NOBODY),
        ("motivation_more", "Is there more to say about why it was made?", _NOBODY),
    ),
    "Composition": (
        ("instances", "What does an instance stand for? Are there several kinds?", _NOBODY),
        ("counts", "How many instances are there, of each kind?", _NOBODY),
        ("sample", "Does it hold every possible instance, or a sample of a larger set?", _NOBODY),
        ("content", "What does an instance consist of: raw data or features?", _NOBODY),
        ("labels", "Does each instance have a label or target?", _NOBODY),
        ("missing", "Is anything missing from single instances, and why?", _NOBODY),
        ("relations", "Are relations between instances made explicit?", _NOBODY),
        ("splits", "Are there recommended splits, and what is behind them?", _NOBODY),
        ("errors", "Are there errors, noise or doubles?", _NOBODY),
        ("external", "Is it complete in itself, or does it lean on something outside?", _NOBODY),
        ("confidential", "Does it hold anything confidential?", _NOT_RECORDED),
        ("offensive", "Could looking at it offend, insult, threaten or frighten?", _NOT_RECORDED),
        ("subpopulations", "Does it tell groups of people apart, by age or gender say?", _NOBODY),
        ("identification", "Can single people be recognised, directly or together with other data?", _NOT_RECORDED),
        ("sensitive", "Does it hold data that are sensitive: health, belief, origin, place, finances?", _NOT_RECORDED),
        ("composition_more", "Is there more to say about what it holds?", _NOBODY),
    ),
    "Collection": (
        ("acquisition", "How was the data of each instance got: observed, reported, derived? Was it checked?", _NOBODY),
        ("mechanism", "With which tools or procedures was it collected, and how were these tried?", _NOT_RECORDED),
        ("sampling", "If it is a sample, how was it drawn?", _NOT_RECORDED),
        ("collectors", "Who collected it, and how were they paid?", _NOT_RECORDED),
        ("timeframe", "When was it collected, and when did what it shows take place?", _NOT_RECORDED),
        ("ethics", "Was there an ethical review?", _NOT_RECORDED),
        ("third_party", "Did the data come from the people themselves, or through others?", _NOT_RECORDED),
        ("notice", "Were the people told that data was collected?", _NOT_RECORDED),
        ("consent", "Did the people agree to collection and use?", _NOT_RECORDED),
        ("revocation", "How can somebody take their consent back?", _NOBODY),
        ("impact", "Was the effect on the people it shows looked into?", _NOT_RECORDED),
        ("collection_more", "Is there more to say about how it was collected?", _NOBODY),
    ),
    "Preprocessing, cleaning, labelling": (
        ("preprocessing", "What was done to the data before release?", _NOBODY),
        ("raw", "Were the raw data kept as well?", _NOBODY),
        ("software", "Is the software that did it available?", _NOBODY),
        ("preprocessing_more", "Is there more to say about preprocessing?", _NOBODY),
    ),
    "Uses": (
        ("used", "Has it been used already, and for what?", _NOT_RECORDED),
        ("users", "Is there a list of papers or systems that use it?", _NOT_RECORDED),
        ("tasks", "What else could it be used for?", _NOBODY),
        ("risks", "Does something in its making bear on later uses, or could treat people unfairly?", _NOT_RECORDED),
        ("misuse", "What should it not be used for?", _NOBODY),
        ("uses_more", "Is there more to say about uses?", _NOBODY),
    ),
    "Distribution": (
        ("third_parties", "Will it be given to others than those it was made for?", _NOBODY),
        ("distribution", "How is it given out; does it have a DOI?", _NOBODY),
        ("when", "Since when?", "a release carries no date of its own and release.toml gives none"),
        ("license", "Under which licence or terms?", _NOBODY),
        ("restrictions", "Have others put conditions on the data?", _NOBODY),
        ("export_controls", "Do export controls or other rules apply?", _NOT_RECORDED),
        ("distribution_more", "Is there more to say about distribution?", _NOBODY),
    ),
    "Maintenance": (
        ("maintainer", "Who keeps and hosts it?", _NOBODY),
        ("contact", "How can they be reached?", _NOBODY),
        ("erratum", "Is there a list of errors?", _NOBODY),
        ("updates", "Will it be updated: how often, by whom, how will users learn of it?", _NOBODY),
        ("retention", "Are there limits on how long data about people may be kept?", _NOT_RECORDED),
        ("old_versions", "Are older versions kept up?", _NOBODY),
        ("contribute", "Can others add to it, and how?", _NOBODY),
        ("maintenance_more", "Is there more to say about maintenance?", _NOBODY),
    ),
}

QUESTIONS: tuple[Question, ...] = tuple(
    Question(section, *question) for section, questions in _SECTIONS.items() for question in questions
)
