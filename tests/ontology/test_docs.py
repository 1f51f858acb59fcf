"""The reference page's examples."""

import doctest
from pathlib import Path


def test_examples_of_the_reference_page_hold() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "ontology.md"
    result = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted >= 10
    assert result.failed == 0
