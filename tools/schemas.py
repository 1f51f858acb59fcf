"""Writes schemas/ from the models, or with --check says which file is not what the models give."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import BaseModel

from mic21.captioner.features import FeatureSettings
from mic21.captioner.settings import RunRecord
from mic21.drafts.finetune.report import FinetuneReport
from mic21.evaluation.caption_report import CaptionReport
from mic21.evaluation.tags import TagReport
from mic21.networks.detector import Detector
from mic21.ontology.export.json import OntologyDocument
from mic21.release.diff import ReleaseDiff
from mic21.release.facts import Facts
from mic21.release.manifest import Manifest

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
MODELS: dict[str, type[BaseModel]] = {
    "captions-report.schema.json": CaptionReport,
    "features.schema.json": FeatureSettings,
    "manifest.schema.json": Manifest,
    "ontology.schema.json": OntologyDocument,
    "run.schema.json": RunRecord,
    "tags-report.schema.json": TagReport,
    "release-diff.schema.json": ReleaseDiff,
    "release-toml.schema.json": Facts,
    "detector.schema.json": Detector,
    "finetune-report.schema.json": FinetuneReport,
}


def main() -> int:
    """Write or check; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = []
    for name, model in MODELS.items():
        text = json.dumps(model.model_json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        path = FOLDER / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"schemas: {', '.join(stale)}: not what the models give; run tools/schemas.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
