"""What a fine-tuning did: the `report.json` beside the weights."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

REPORT = "report.json"


class Evaluation(BaseModel):
    """How good the weights were after some steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    loss: float = Field(description="mean over the steps since the evaluation before")
    ap: float = Field(description="mask AP on the photographs of val")


class FinetuneReport(BaseModel):
    """What was learnt from what, and how well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    backend: str
    subdomain: str
    release_version: str
    release_digest: str = Field(description="the digest of the release's manifest")
    ontology_version: str
    categories: list[str] = Field(description="keys, in the order of the model's classes")
    unlearnt: dict[str, int] = Field(
        description="key → objects in val and test, of categories that have none in train; they do not count"
    )
    images: dict[str, int] = Field(description="split → photographs of the subdomain")
    objects: dict[str, int] = Field(description="split → objects of the categories, without crowds")
    from_scratch: bool
    batch_size: int
    learning_rate: float
    flip: bool
    seed: int
    evaluations: list[Evaluation]
    best_step: int = Field(description="the step whose weights were kept")
    test: dict[str, float | None] = Field(description="COCO's figures for masks on the photographs of test")
