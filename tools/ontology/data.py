"""The files of the ontology's data that the maintainers' programs read."""

from pathlib import Path

from mic21.ontology.rows import COLUMNS, LABELS_COLUMNS, Row, read_rows


def read_data(data: Path) -> tuple[list[Row], dict[Path, list[Row]]]:
    """The rows of a data folder's categories and of each of its label files."""
    problems: list[str] = []
    categories = read_rows(data / "categories.tsv", "categories", COLUMNS["categories"], problems)
    labels = {
        path: read_rows(path, "labels", LABELS_COLUMNS, problems) for path in sorted((data / "labels").glob("*.tsv"))
    }
    if problems:
        raise SystemExit("\n".join(problems))
    return categories, labels
