"""A corpus's own ontology folder."""

from pathlib import Path

import pytest

from mic21.ontology import Ontology
from mic21.ontology.rows import COLUMNS, LABELS_COLUMNS, NAMES_COLUMNS, UPKEEP_COLUMNS


class Local:
    """Writes files into a corpus's ontology folder, with the right header."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, file: str, *lines: str) -> Path:
        table = file.partition("/")[0]
        columns = ({"names": NAMES_COLUMNS, "labels": LABELS_COLUMNS} | COLUMNS | UPKEEP_COLUMNS)[table]
        return self.write_raw(file, "".join(f"{line}\n" for line in ("\t".join(columns), *lines)).encode())

    def write_raw(self, file: str, content: bytes) -> Path:
        path = self.folder / f"{file}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def load(self) -> Ontology:
        return Ontology.load(self.folder)


@pytest.fixture
def local(tmp_path: Path) -> Local:
    folder = tmp_path / "ontology"
    folder.mkdir()
    return Local(folder)


@pytest.fixture
def curling(local: Local) -> Local:
    """A subdomain of its own, with a dominant category and an attribute of it."""
    local.write("subdomains", "curling\tsport")
    local.write(
        "categories",
        "900001\tcurler\t\t\t\tperson\ta person who plays curling\tnot the one who only watches\tnot in WordNet",
        "900002\tcurling_stone\t\t\t\t\ta granite stone with a handle\t\tnot in WordNet",
    )
    local.write("memberships", "curling\tcurler\tdominant", "curling\tcurling_stone\tattribute")
    local.write("names/en", "subdomain\tcurling\tcurling\t\t\t\tus\tno", "category\tcurler\tcurler\t\t\t\tus\tyes")
    local.write("names/bg", "category\tcurler\tкърлингист\tиграч на кърлинг\tm\tкърлингисти\tus\tno")
    return local
