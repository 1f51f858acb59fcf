"""The tables of a corpus database, for SQLite and PostgreSQL alike.

Rows are never deleted: a withdrawn image or a rejected annotation keeps its row, so that `max(id) + 1` is an id that
nothing has ever had. JSON is kept as text, byte for byte as it came, because a segmentation must leave as it was
written.
"""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

SCHEMA_VERSION = 2

STATUSES = ("draft", "accepted", "rejected")
ORIGINS = ("model", "human", "import")
IMAGE_STATUSES = ("active", "withdrawn")
CAPTION_KINDS = ("title", "description")

metadata = MetaData()

# SQLite looks rows up fastest by a column of the very type INTEGER, which has 64 bits there.
Id = BigInteger().with_variant(Integer, "sqlite")

properties = Table(
    "properties",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# One row a step: an ingest, an import, a segmentation, an edit. Records and history name the run that made them.
runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, finished, undone
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
)

licenses = Table(
    "licenses",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("spdx", Text, nullable=False),
    Column("name", Text),
    Column("url", Text),
    Column("attributes", Text),
)

# Categories that came with an import. The ontology's own are in its files; `key` links one of these to one of those.
categories = Table(
    "categories",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("supercategory", Text),
    Column("key", Text),
    Column("attributes", Text),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text),  # of the stored file; empty until the file is there
    Column("original_sha256", Text),  # of the file as it came, before its orientation was baked in
    Column("bytes", BigInteger),
    Column("extension", Text),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("phash", Text),  # 16 hexadecimal digits
    Column("group_key", Text, nullable=False),
    Column("subdomain", Text),
    Column("license_id", Id, ForeignKey("licenses.id")),
    Column("author", Text),
    Column("source_url", Text),
    Column("title", Text),
    Column("status", Text, nullable=False),
    Column("attributes", Text),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Index("images_sha256", "sha256"),
    Index("images_original_sha256", "original_sha256"),
    Index("images_subdomain", "subdomain"),
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("image_id", Id, ForeignKey("images.id"), nullable=False),
    Column("category_id", Id, nullable=False),
    Column("segmentation", Text, nullable=False),  # COCO's JSON value, without white space
    Column("bbox", Text, nullable=False),  # JSON [x, y, w, h] in pixels
    Column("area", Float, nullable=False),
    Column("iscrowd", Integer, nullable=False),
    Column("score", Float),
    Column("status", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("attributes", Text),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Index("annotations_image_id", "image_id"),
)

captions = Table(
    "captions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("image_id", Id, ForeignKey("images.id"), nullable=False),
    Column("language", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("attributes", Text),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Index("captions_image_id", "image_id"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("image_id", Id, ForeignKey("images.id"), nullable=False),
    Column("subject_id", Id, ForeignKey("annotations.id"), nullable=False),
    Column("predicate", Text, nullable=False),
    Column("object_id", Id, ForeignKey("annotations.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Index("interactions_image_id", "image_id"),
)

# What a drafting step last did an image with, so that a killed step goes on where it stopped, and an image without
# objects is not done again. `signature` names the backend with all that would change its drafts.
processed = Table(
    "processed",
    metadata,
    Column("step", Text, primary_key=True),
    Column("image_id", Id, ForeignKey("images.id"), primary_key=True, autoincrement=False),
    Column("signature", Text, nullable=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
)

# The ledger of what was sent to a Label Studio server and what came back. A project holds one subdomain in one
# language; past the server's limit, further parts follow.
review_projects = Table(
    "review_projects",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("server", Text, nullable=False),  # its address
    Column("project_id", Id, nullable=False),  # the server's
    Column("subdomain", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("masks", Text, nullable=False),  # brush or polygon
    Index("review_projects_key", "server", "subdomain", "language", "part", unique=True),
)

# An image in a project. `base` is what both sides last agreed on, which a correction is compared with.
review_tasks = Table(
    "review_tasks",
    metadata,
    Column("review_project_id", Id, ForeignKey("review_projects.id"), primary_key=True, autoincrement=False),
    Column("image_id", Id, ForeignKey("images.id"), primary_key=True, autoincrement=False),
    Column("image_url", Text, nullable=False),
    Column("task_id", Id),  # the server's; empty while nobody knows whether the task arrived
    Column("prediction_digest", Text, nullable=False),
    Column("base", Text, nullable=False),  # JSON
    Column("updated_at", Text),  # of the task on the server, when it was last pulled
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
)

# Everything that a person submitted, as we read it, whether or not it was applied.
review_answers = Table(
    "review_answers",
    metadata,
    Column("review_project_id", Id, ForeignKey("review_projects.id"), primary_key=True, autoincrement=False),
    Column("annotation_id", Id, primary_key=True, autoincrement=False),  # the server's
    Column("image_id", Id, ForeignKey("images.id"), nullable=False),
    Column("annotator", Text, nullable=False),
    Column("lead_time", Float),  # seconds
    Column("updated_at", Text, nullable=False),
    # applied, conflict, skipped, waiting (for agreement), superseded, broken, gone (deleted on the server)
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False),  # JSON
    Column("problems", Text, nullable=False),  # JSON list of texts
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Index("review_answers_image_id", "image_id"),
)

# Append-only: what a run changed in a record, as JSON objects of the changed columns.
history = Table(
    "history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Column("record", Text, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("history_run_id", "run_id"),
    Index("history_record", "record", "record_id"),
)

RECORDS: dict[str, Table] = {
    table.name: table for table in (images, annotations, captions, interactions, categories, licenses)
}
