"""The ontology in the formats of others: JSON under a schema, flat tables, SKOS, WN-LMF."""

from collections.abc import Callable, Iterator, Mapping

from mic21.ontology.export.flat import to_csv, to_tsv
from mic21.ontology.export.json import to_json
from mic21.ontology.export.lmf import to_lmf
from mic21.ontology.export.skos import to_skos
from mic21.ontology.ontology import Ontology

__all__ = ["FORMATS", "to_csv", "to_json", "to_lmf", "to_skos", "to_tsv"]

FORMATS: Mapping[str, Callable[[Ontology], Iterator[str]]] = {
    "json": to_json,
    "tsv": to_tsv,
    "csv": to_csv,
    "skos": to_skos,
    "lmf": to_lmf,
}
