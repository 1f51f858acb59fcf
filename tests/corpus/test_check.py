from collections.abc import Callable
from typing import Any

import pytest

from mic21.corpus.check import CHECKS, check
from mic21.corpus.store import Corpus

Break = Callable[[Corpus], None]


def _sql(*statements: str) -> Break:
    def run(corpus: Corpus) -> None:
        with corpus.writing() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    return run


def _lose_a_file(corpus: Corpus) -> None:
    (row,) = corpus.images(images=[500]).to_pylist()
    corpus.files.path(row["sha256"], row["extension"]).unlink()


def _cut_a_file(corpus: Corpus) -> None:
    (row,) = corpus.images(images=[500]).to_pylist()
    path = corpus.files.path(row["sha256"], row["extension"])
    path.write_bytes(path.read_bytes()[:-1])


def _update(table: str, id: int, **values: Any) -> Break:
    assignments = ", ".join(f"{name} = '{value}'" for name, value in values.items())
    return _sql(f"UPDATE {table} SET {assignments} WHERE id = {id}")


# code → what breaks a good corpus so that the check finds it, and the record it finds
BREAKS: list[tuple[str, Break, int]] = [
    ("E101", _lose_a_file, 500),
    ("E101", _cut_a_file, 500),
    ("E101", _sql("UPDATE images SET sha256 = NULL WHERE id = 10"), 10),
    ("W102", _sql("UPDATE images SET license_id = NULL WHERE id = 3"), 3),
    ("W103", _sql("UPDATE images SET subdomain = NULL WHERE id = 3"), 3),
    ("E104", _update("images", 3, subdomain="ches"), 3),
    ("W105", _sql("UPDATE images SET sha256 = (SELECT sha256 FROM images WHERE id = 3) WHERE id = 10"), 10),
    ("E201", _update("annotations", 3, segmentation='{"size":[30,41],"counts":"0"}'), 3),
    ("W202", _update("annotations", 45, segmentation="[[1,1,1,1,1,1]]"), 45),
    ("W203", _update("annotations", 45, segmentation="[]"), 45),
    ("W204", _update("annotations", 45, bbox="[2.5,3.25,80,36.75]"), 45),
    ("W205", _update("annotations", 45, area="500"), 45),
    ("W206", _update("annotations", 45, bbox="[2.5,3.25,20,36.75]"), 45),
    ("E207", _update("annotations", 45, category_id="77"), 45),
    ("W208", _update("annotations", 45, category_id="7"), 45),
    (
        "W209",
        _sql(
            "INSERT INTO annotations SELECT 999, image_id, category_id, segmentation, bbox, area, iscrowd, score, "
            "status, origin, attributes, run_id FROM annotations WHERE id = 45"
        ),
        999,
    ),
    ("E210", _update("annotations", 45, status="verified"), 45),
    ("E210", _update("annotations", 45, origin="alien"), 45),
    ("E301", _update("captions", 1, text=" "), 1),
    ("W302", _update("captions", 1, text="Cafe\u0301"), 1),
    ("W303", _update("captions", 1, text="a\tb"), 1),
    ("W304", _sql("UPDATE captions SET text = 'Two people play chess.', language = 'en' WHERE id = 2"), 2),
    ("W305", _update("captions", 1, text="A chess player with a chess clock.", status="draft"), 1),
    ("W306", _update("captions", 1, text="An old table.", status="draft", kind="description"), 1),
    ("W307", _update("captions", 1, text="A man plays chess in Paris."), 1),
    ("E308", _update("captions", 1, status="verified"), 1),
    ("W401", _sql('UPDATE categories SET "key" = NULL WHERE id = 1'), 1),
    ("E402", _update("categories", 1, key="no_such"), 1),
    ("W403", _update("categories", 1, name="table"), 1),
    ("W501", _update("licenses", 4, spdx="unknown"), 4),
    (
        "E601",
        _sql("INSERT INTO interactions VALUES (1, 3, 45, 'holds', 9, 'accepted', 'human', 1)"),
        1,
    ),
]


@pytest.fixture
def good(mini: Corpus) -> Corpus:
    """A corpus with nothing to complain of but its one unlinked category."""
    _sql("UPDATE images SET subdomain = 'chess' WHERE id = 3")(mini)
    return mini


def _found(corpus: Corpus) -> set[tuple[str, int]]:
    return {(problem.code, problem.id) for problem in check(corpus)}


@pytest.mark.parametrize(("code", "break_it", "id"), BREAKS)
def test_each_check_finds_what_it_is_for(code: str, break_it: Break, id: int, good: Corpus) -> None:
    assert (code, id) not in _found(good)
    break_it(good)
    assert (code, id) in _found(good)


def test_every_check_has_a_test() -> None:
    assert {code for checks in CHECKS.values() for code in checks} == {code for code, _, _ in BREAKS}


def test_a_good_corpus_has_warnings_only_where_they_are_due(good: Corpus) -> None:
    assert {problem.code for problem in check(good)} <= {"W103", "W208", "W401"}
    assert not any(problem.is_error for problem in check(good))


def test_withdrawn_and_rejected_records_are_not_looked_at(good: Corpus) -> None:
    _sql("UPDATE annotations SET status = 'rejected', category_id = 77 WHERE id = 45")(good)
    _sql("UPDATE images SET status = 'withdrawn', subdomain = 'ches' WHERE id = 10")(good)
    assert {code for code, _ in _found(good)} <= {"W103", "W208", "W401"}
