"""Croissant 1.1: the release as JSON-LD that data catalogues and loaders read.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, with the RAI vocabulary
(https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html) and provenance in the words of PROV-O: each
image has its licence, each annotation and caption its origin, run, edits and annotator as fields of its own.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mic21.release.documents.account import Account
from mic21.release.manifest import hash_files
from mic21.release.photographs import FOLDER
from mic21.release.splits import SPLITS

Node = dict[str, Any]

_TABLES = ("images", "annotations", "captions", "interactions", "categories", "runs")
# What a column means beyond its type.
_MEANINGS = {
    "license": "https://schema.org/license",
    "author": "https://schema.org/creator",
    "source_url": "http://www.w3.org/ns/prov#wasDerivedFrom",
    "run_id": "http://www.w3.org/ns/prov#wasGeneratedBy",
    "annotator": "http://www.w3.org/ns/prov#wasAttributedTo",
}
_ABOUT = {
    "license": "SPDX expression of the photograph's own licence.",
    "origin": "model, human or import.",
    # Said in words: mlcroissant 1.1.1 cannot join two Parquet files, and would not read a table that refers to another.
    "image_id": "The id of one of images.",
    "category_id": "The id of one of categories.",
    "run_id": "The run that made the record: the id of one of runs.",
    "edits": "How often the record was changed since.",
    "annotator": "Pseudonym of the person who had the last word on the record.",
    "checked": "Categories that somebody looked for in the image; empty where nobody is known to have.",
    "absent": "Those of them that the image does not show.",
    "segmentation": "COCO's JSON value: polygons, or run lengths.",
    "bbox": "x, y, width, height in pixels.",
}
_TERMS = (
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract"),
    *("field", "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath"),
    *("key", "md5", "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace"),
    *("samplingRate", "sdVersion", "separator", "source", "subField", "transform", "unArchive", "value"),
)
_SPLITS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}


def croissant(account: Account, release: Path) -> str:
    """croissant.json of a release whose tables and `data/` are there."""
    node = _head(account) | _responsible(account)
    node |= {"distribution": _distribution(release), "recordSet": [*_record_sets(release), _photographs(), _splits()]}
    return json.dumps(node, ensure_ascii=False, indent=1) + "\n"


def _head(account: Account) -> Node:
    facts, manifest = account.facts, account.manifest
    context: Node = {"@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/"}
    context |= {"cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/"}
    context |= {
        "dct": "http://purl.org/dc/terms/",
        "prov": "http://www.w3.org/ns/prov#",
        "conformsTo": "dct:conformsTo",
    }
    context |= {term: f"cr:{term}" for term in _TERMS}
    context |= {name: {"@id": f"cr:{name}", "@type": "@json"} for name in ("data", "examples")}
    context |= {"dataType": {"@id": "cr:dataType", "@type": "@vocab"}}
    context |= {name: {"@container": "@language"} for name in ("name", "description")}
    purpose = f" {facts.purpose}" if facts else ""
    about = (
        facts.description
        if facts and facts.description
        else (f"Photographs with instance masks, WordNet classes and captions.{purpose}")
    )
    node: Node = {"@context": context, "@type": "sc:Dataset", "name": account.name, "description": about}
    node |= {"conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]}
    node |= {"version": manifest.version, "isLiveDataset": False, "license": _license_urls(account)}
    node |= {"inLanguage": account.languages} if account.languages else {}
    if facts:
        node["creator"] = {"@type": "sc:Organization", "name": facts.curator}
        named = {"url": facts.url, "citeAs": facts.citation, "datePublished": facts.date}
        node |= {name: value for name, value in named.items() if value}
    if manifest.previous:
        old = manifest.previous
        node["prov:wasDerivedFrom"] = {"@id": f"urn:sha256:{old.digest}", "name": f"{account.name} {old.version}"}
    node["prov:wasGeneratedBy"] = [
        {"@type": "prov:Activity", "prov:label": f"run {run['id']}: {run['step']}"}
        | (
            {"prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": run["backend"]}}
            if run["backend"]
            else {}
        )
        for run in account.statistics.runs
    ]
    return node


def _license_urls(account: Account) -> list[str]:
    """One entry a licence: its address where the corpus knows one, else SPDX's page of it or the id itself."""
    urls = {record["spdx"]: record["url"] for record in reversed(list(account.licenses.values())) if record.get("url")}
    return [urls.get(spdx) or _spdx_url(spdx) for spdx in sorted(account.statistics.licenses)]


def _spdx_url(spdx: str) -> str:
    plain = not spdx.startswith("LicenseRef-") and " " not in spdx and spdx != "unknown"
    return f"https://spdx.org/licenses/{spdx}.html" if plain else spdx


def _responsible(account: Account) -> Node:
    """The RAI fields that something is known of; people's own words come from the datasheet's answers."""
    statistics, answers = account.statistics, account.facts.answers if account.facts else {}
    origins = {}
    for (record, origin, status), count in sorted(statistics.origins.items()):
        origins[f"{record}: {origin}, {status}"] = count
    tools = sorted({f"{run['backend']} ({run['signature']})" for run in statistics.runs if run["backend"]})
    unknown = "Unknown, because the corpus does not record it and release.toml does not answer it."
    reviewed = any(run["step"] == "review pull" for run in statistics.runs)
    known: dict[str, Any] = {
        "dataCollection": answers.get("acquisition") or answers.get("mechanism") or unknown,
        "dataCollectionMissingData": f"Author unknown for {statistics.images - statistics.facts['author']} images, "
        f"source for {statistics.images - statistics.facts['source']}.",
        "dataPreprocessingProtocol": ["EXIF orientation baked in; formats that browsers cannot show turned into PNG."],
        "dataAnnotationProtocol": [account.state(), "; ".join(f"{what}: {count}" for what, count in origins.items())],
        "dataAnnotationPlatform": ["Label Studio"] if reviewed else [],
        "machineAnnotationTools": tools,
        "annotationsPerItem": f"{account.totals['annotations'] / max(statistics.images, 1):.2f} objects an image",
        "annotatorDemographics": [
            f"{len(statistics.annotators)} annotators under pseudonyms; nothing else is recorded."
        ],
        "dataBiases": [answers.get("risks") or unknown],
        "dataLimitations": [answers.get("misuse") or unknown],
        "dataUseCases": [answers.get("tasks") or "Segmentation, detection, captioning, naming across languages."],
        "dataSocialImpact": answers.get("impact") or unknown,
        "personalSensitiveInformation": [answers.get("sensitive") or answers.get("identification") or unknown],
        "dataReleaseMaintenancePlan": answers.get("updates")
        or "A release never changes; withdrawn photographs leave the next one, and ids are never used again.",
    }
    return {f"rai:{name}": value for name, value in known.items() if value}


def _distribution(release: Path) -> list[Node]:
    paths = [f"tables/{name}.parquet" for name in _TABLES]
    tables = [
        {
            "@type": "cr:FileObject",
            "@id": entry.path,
            "name": entry.path,
            "contentUrl": entry.path,
            "contentSize": f"{entry.bytes} B",
            "encodingFormat": "application/x-parquet",
            "sha256": entry.sha256,
        }
        for entry in hash_files(release, paths)
    ]
    sets = {
        "photographs": (
            f"{FOLDER}/*/*.parquet",
            "application/x-parquet",
            "Photographs with all that is known of each.",
        ),
        "shards": ("shards/*.tar", "application/x-tar", "The same as WebDataset."),
        "coco": ("coco/*.json", "application/json", "COCO documents by split."),
    }
    return tables + [
        {
            "@type": "cr:FileSet",
            "@id": id,
            "name": id,
            "description": about,
            "encodingFormat": format,
            "includes": pattern,
        }
        for id, (pattern, format, about) in sets.items()
    ]


def _record_sets(release: Path) -> list[Node]:
    return [
        {
            "@type": "cr:RecordSet",
            "@id": table,
            "name": table,
            "key": {"@id": f"{table}/id"},
            "field": [_field(table, column) for column in pq.read_schema(release / f"tables/{table}.parquet")],
        }
        for table in _TABLES
    ]


def _field(table: str, column: pa.Field) -> Node:
    name = column.name
    source = {"fileObject": {"@id": f"tables/{table}.parquet"}, "extract": {"column": name}}
    type = column.type.value_type if pa.types.is_list(column.type) else column.type
    node: Node = {
        "@type": "cr:Field",
        "@id": f"{table}/{name}",
        "name": name,
        "dataType": _data_type(type),
        "source": source,
    }
    if name in _ABOUT:
        node["description"] = _ABOUT[name]
    if pa.types.is_list(column.type):
        node |= {"isArray": True, "arrayShape": "4" if name == "bbox" else "-1"}
    if name in _MEANINGS:
        node["equivalentProperty"] = _MEANINGS[name]
    if (table, name) == ("images", "split"):
        node["references"] = {"field": {"@id": "splits/name"}}
    return node


def _data_type(type: pa.DataType) -> str:
    if pa.types.is_integer(type):
        return "cr:Int32" if type.bit_width == 32 else "cr:Int64"
    if pa.types.is_boolean(type):
        return "sc:Boolean"
    return "cr:Float64" if pa.types.is_floating(type) else "sc:Text"


def _photographs() -> Node:
    def field(name: str, type: str, column: str, **more: Any) -> Node:
        source = {"fileSet": {"@id": "photographs"}, "extract": {"column": column}, **more}
        return {
            "@type": "cr:Field",
            "@id": f"photographs_with_records/{name}",
            "name": name,
            "dataType": type,
            "source": source,
        }

    return {
        "@type": "cr:RecordSet",
        "@id": "photographs_with_records",
        "name": "photographs_with_records",
        "description": "Each photograph with its licence; its objects and captions are in annotations and captions.",
        "key": {"@id": "photographs_with_records/id"},
        "field": [
            field("id", "cr:Int64", "id"),
            field("image", "sc:ImageObject", "image", transform={"jsonPath": "bytes"}),
            field("subdomain", "sc:Text", "subdomain"),
            field("license", "sc:Text", "license") | {"equivalentProperty": _MEANINGS["license"]},
            field("author", "sc:Text", "author") | {"equivalentProperty": _MEANINGS["author"]},
        ],
    }


def _splits() -> Node:
    names: Sequence[Node] = [{"splits/name": split, "splits/url": _SPLITS[split]} for split in SPLITS]
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": ["sc:URL", "cr:Split"]},
        ],
        "data": list(names),
    }
