"""Edits that a corpus team makes in bulk; each is a run whose changes stand in the history, and can be undone."""

from mic21.corpus.edit.facts import ImageFacts, facts, read_facts
from mic21.corpus.edit.merge import merge
from mic21.corpus.edit.migrate import migrate
from mic21.corpus.edit.move import move
from mic21.corpus.edit.relabel import Relabel, read_relabels, relabel
from mic21.corpus.edit.run import EditReport, log, undo
from mic21.corpus.edit.withdraw import purge, withdraw

__all__ = [
    "EditReport",
    "ImageFacts",
    "Relabel",
    "facts",
    "log",
    "merge",
    "migrate",
    "move",
    "purge",
    "read_facts",
    "read_relabels",
    "relabel",
    "undo",
    "withdraw",
]
