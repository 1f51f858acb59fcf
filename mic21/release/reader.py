"""A release, opened for reading: samples from its shards, records from its tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mic21.corpus.selection import Selection
from mic21.corpus.selection import select as make_selection
from mic21.errors import ReleaseError, UsageError
from mic21.ontology import Ontology
from mic21.release.manifest import Manifest, read_manifest
from mic21.release.ontology_files import LOCAL
from mic21.release.samples import Sample, ShardIndex
from mic21.release.splits import SPLITS
from mic21.release.verify import verify_release

__all__ = ["Release", "Sample"]


class Release:
    """A release folder.

    Attributes:
        path: the folder.
        manifest: what it is.

    Raises:
        ReleaseError: the folder holds no release, or one that this version of mic21 cannot read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest: Manifest = read_manifest(self.path)

    @property
    def version(self) -> str:
        """The release's version, such as `1.0.0`."""
        return self.manifest.version

    @cached_property
    def ontology(self) -> Ontology:
        """The packaged ontology with the additions that the released corpus had."""
        local = self.path / LOCAL
        return Ontology.load(local if local.is_dir() else None)

    def verify(self) -> list[str]:
        """Every file that is changed, missing or added, in words; empty for a good release."""
        return verify_release(self.path)

    def samples(self, split: str) -> Iterator[Sample]:
        """The samples of a split in the order of their ids, read from the shards one by one.

        Args:
            split: `train`, `val` or `test`.

        Raises:
            UsageError: there is no such split.
            ReleaseError: a shard breaks off or holds something else.
        """
        if split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, found {split!r}")
        yield from self._index.samples(split)

    def sample(self, id: int) -> Sample:
        """The photograph of an image id with its record, found by the index.

        Raises:
            UsageError: the release has no such image.
            ReleaseError: the shard breaks off or holds something else.
        """
        return self._index.sample(id)

    def splits(self) -> dict[int, str]:
        """Image id → split, ordered by id."""
        table = self._read("images", None, ["id", "split"])
        return dict(zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True))

    def images(self, **filters: Any) -> pa.Table:
        """The photographs as a table, ordered by id; filters as `mic21.Corpus.images`, and `split`."""
        split, selection = self._selection(filters)
        table = self._read("images", _image_filter(selection, split))
        for names in selection.records:
            table = table.filter(pc.is_in(table["id"], self._with_records(names, selection, split)))
        return table

    def annotations(self, *, columns: Sequence[str] | None = None, **filters: Any) -> pa.Table:
        """The annotations by subdomain, image and id.

        Args:
            columns: only these, so that masks that nobody asks for are not read.
            **filters: as `mic21.Corpus.annotations`, and `split`.
        """
        if columns is None:
            return self._records("annotations", filters)
        return self._records("annotations", filters, list(dict.fromkeys(["image_id", *columns]))).select(list(columns))

    def captions(self, **filters: Any) -> pa.Table:
        """The captions by subdomain, image and id; filters as `mic21.Corpus.captions`, and `split`."""
        return self._records("captions", filters)

    def interactions(self, **filters: Any) -> pa.Table:
        """The interactions as a table; filters as `mic21.Corpus.interactions`, and `split`."""
        return self._records("interactions", filters)

    def categories(self) -> pa.Table:
        """The categories as a table, ordered by id."""
        return self._read("categories", None)

    def _records(self, name: str, filters: Mapping[str, Any], columns: list[str] | None = None) -> pa.Table:
        split, selection = self._selection(filters)
        table = self._read(name, _record_filter(selection, split, name), columns)
        if selection.category_ids is not None and name != "annotations":
            table = table.filter(pc.is_in(table["image_id"], self._with_records(["annotations"], selection, split)))
        if selection.licenses is not None:
            licensed = self._read("images", _image_filter(selection, split), ["id"])
            table = table.filter(pc.is_in(table["image_id"], licensed["id"].combine_chunks()))
        return table

    def _with_records(self, names: Iterable[str], selection: Selection, split: str | None) -> pa.Array:
        """The ids of images with a record of one of these tables that a selection wants."""
        found = [self._read(name, _record_filter(selection, split, name), ["image_id"]) for name in names]
        return pc.unique(pa.concat_tables(found)["image_id"].combine_chunks())

    def _selection(self, filters: Mapping[str, Any]) -> tuple[str | None, Selection]:
        rest = dict(filters)
        split = rest.pop("split", None)
        if split is not None and split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, found {split!r}")
        return split, make_selection(
            self.ontology,
            self._imported,
            known_licenses=() if rest.get("license") is None else self._values("images", "license"),
            known_languages=() if rest.get("language") is None else self._values("captions", "language"),
            **rest,
        )

    def _values(self, table: str, column: str) -> list[str]:
        return sorted(pc.unique(self._read(table, None, [column])[column]).to_pylist())

    @cached_property
    def _index(self) -> ShardIndex:
        return ShardIndex(self.path)

    @cached_property
    def _imported(self) -> dict[int, tuple[str, str | None]]:
        rows = self._read("categories", pc.field("imported"), ["id", "name", "key"]).to_pylist()
        return {row["id"]: (row["name"], row["key"]) for row in rows}

    def _read(self, name: str, filter: pc.Expression | None, columns: list[str] | None = None) -> pa.Table:
        path = self.path / "tables" / f"{name}.parquet"
        try:
            return pq.read_table(path, columns=columns, filters=filter)
        except (OSError, pa.ArrowInvalid) as error:
            raise ReleaseError(
                f"{path}: expected a table of the release, found: {error}; run `mic21 release verify`"
            ) from error


def _image_filter(selection: Selection, split: str | None) -> pc.Expression | None:
    return _all_of(
        {
            "id": selection.image_ids,
            "subdomain": selection.subdomains,
            "license": selection.licenses,
            "split": None if split is None else {split},
        }
    )


def _record_filter(selection: Selection, split: str | None, name: str) -> pc.Expression | None:
    wanted: dict[str, Any] = {
        "image_id": selection.image_ids,
        "subdomain": selection.subdomains,
        "status": selection.statuses,
        "origin": selection.origins,
        "split": None if split is None else {split},
    }
    if name == "annotations":
        wanted["category_id"] = selection.category_ids
    if name == "captions":
        wanted |= {"language": selection.languages, "kind": selection.kinds}
    return _all_of(wanted)


def _all_of(wanted: Mapping[str, Any]) -> pc.Expression | None:
    expression: pc.Expression | None = None
    for name, values in wanted.items():
        if values is not None:
            condition = pc.field(name).isin(sorted(values))
            expression = condition if expression is None else expression & condition
    return expression
