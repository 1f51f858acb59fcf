"""Finds what is wrong with other people's COCO files, and mends what can be mended without a guess."""

from mic21.corpus.doctor.examine import CHECKS, Change, Finding, examine
from mic21.corpus.doctor.repair import repair

__all__ = ["CHECKS", "Change", "Finding", "examine", "repair"]
