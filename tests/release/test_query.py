"""Filters of a query: a corpus and a release take the same ones, and answer alike."""

from pathlib import Path
from typing import Any

import pytest

from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.errors import OntologyError, UsageError
from mic21.release.build import build_release
from mic21.release.query import Records, query_records


@pytest.fixture(params=["corpus", "release"])
def place(request: pytest.FixtureRequest, chess: Corpus, tmp_path: Path) -> Path:
    """The hand-made dataset, whose dog is a person's draft, and whose first caption is a draft."""
    with chess.writing() as connection:
        run = chess.insert_run(connection, "test", {})
        change(connection, run, "annotations", {9: {"status": "draft", "origin": "human"}})
        change(connection, run, "captions", {1: {"status": "draft"}})
    if request.param == "corpus":
        return chess.path
    build_release(chess, tmp_path / "release", version="1.0.0", statuses=["draft", "accepted"])
    return tmp_path / "release"


def _ids(path: Path, of: Records, **filters: Any) -> list[int]:
    return sorted(query_records(path, of, **filters)["id"].to_pylist())


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [3, 10, 11, 500, 7001]),
        ({"status": "rejected"}, []),
        ({"status": "draft"}, [3, 7001]),
        ({"origin": "human"}, [7001]),
        ({"origin": ["human", "import"], "status": "draft"}, [3, 7001]),
        ({"origin": "human", "category": "violinist"}, []),
        ({"status": "draft", "category": "chess_player"}, []),
        ({"kind": "title"}, [10]),
        ({"kind": "description", "status": "accepted"}, [3, 500]),
        ({"kind": "description", "category": "violinist"}, []),
        ({"license": "cc-by-2.0"}, [10, 500, 7001]),
        ({"license": "MIT"}, []),
        ({"license": "unknown"}, []),
    ],
)
def test_images_are_those_with_such_a_record(place: Path, filters: dict[str, Any], expected: list[int]) -> None:
    assert _ids(place, Records.IMAGES, **filters) == expected


def test_captions_of_a_category_are_those_of_images_that_show_it(place: Path) -> None:
    assert _ids(place, Records.CAPTIONS, category="chess_player") == [1]
    assert _ids(place, Records.CAPTIONS, category="chess_player", language="bg") == [2]
    assert _ids(place, Records.CAPTIONS, category="dog") == []


@pytest.mark.parametrize("of", list(Records))
@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"status": ["acepted"]}, "status: expected one of draft, accepted, rejected, found 'acepted'"),
        ({"origin": "people"}, "origin: expected one of model, human, import, found 'people'"),
        ({"kind": "titel"}, "kind: expected one of title, description, found 'titel'"),
        ({"license": ["CC-BY4"]}, "license: expected an SPDX expression such as .*, found 'CC-BY4'"),
        ({"license": "LicenseRef-Musem"}, "license: expected one of SPDX or of those .*, found 'LicenseRef-Musem'"),
    ],
)
def test_a_word_that_nothing_can_have_is_an_error(
    place: Path, of: Records, filters: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        query_records(place, of, **filters)


def test_a_language_that_there_is_not_is_an_error(place: Path) -> None:
    with pytest.raises(UsageError, match=r"language: expected one of bg, .*, found 'xx'"):
        query_records(place, Records.CAPTIONS, language="xx")
    with pytest.raises(OntologyError, match="unknown language 'xx'"):
        query_records(place, Records.ANNOTATIONS, language="xx")


def test_licences_and_languages_of_the_corpus_alone_are_known(chess: Corpus, tmp_path: Path) -> None:
    with chess.writing() as connection:
        run = chess.insert_run(connection, "test", {})
        change(connection, run, "licenses", {1: {"spdx": "LicenseRef-Museum"}})
        change(connection, run, "captions", {1: {"language": "ja"}})
    build_release(chess, tmp_path / "release", version="1.0.0")
    for path in (chess.path, tmp_path / "release"):
        assert _ids(path, Records.CAPTIONS, language="ja") == [1]
        assert _ids(path, Records.IMAGES, license="LicenseRef-Museum") != []
