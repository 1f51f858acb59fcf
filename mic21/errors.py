"""Every error that mic21 raises on purpose.

A message names the place, what was expected, what was found and what to do about it, in one line.
"""


class Mic21Error(Exception):
    """Base of every error raised on purpose; the command line shows it as one line and exits with 1."""


class UsageError(Mic21Error):
    """A call that could never work, whatever the data; the command line exits with 2."""


class GeometryError(Mic21Error):
    """A polygon, mask or run-length encoding that breaks its format."""


class OntologyError(Mic21Error):
    """A key, synset or language that the ontology lacks, or an ontology file that breaks its format."""


class CorpusError(Mic21Error):
    """A corpus that is missing, of another schema version, or asked for a record it does not have."""


class ImportProblems(Mic21Error):  # noqa: N818 - it names a list of problems, each with its place
    """A source with bad records: every problem, each with its place.

    Attributes:
        problems: one line a problem, in the order of the source.
    """

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        shown = "\n".join(problems[:50])
        more = f"\n… and {len(problems) - 50} more" if len(problems) > 50 else ""
        super().__init__(f"{source}: {len(problems)} problem(s), nothing was imported:\n{shown}{more}")


class CheckError(Mic21Error):
    """A corpus that fails its checks, where a clean one is needed."""


class ReleaseError(Mic21Error):
    """A release that cannot be built or read, or whose bytes are not those of its manifest."""


class BackendError(Mic21Error):
    """A segmenter or captioner that is unknown, lacks its packages, or failed."""


class CaptionerError(Mic21Error):
    """Features, a run or a checkpoint that cannot be used, or a training that cannot go on."""


class ReviewError(Mic21Error):
    """A Label Studio server that cannot be reached, refuses, or does not hold what it should."""
