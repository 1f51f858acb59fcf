"""Building a release: the same corpus gives the same bytes, and the folder appears whole or not at all.

Everything is read in one transaction, streamed, and written to a hidden sibling of the target; the manifest comes last
and the sibling is renamed. What a killed build has left is cleared by the next one.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version as package_version
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco import records
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.ontology import LANGUAGES
from mic21.ontology.lint import lint
from mic21.release.coco import Head
from mic21.release.contents import write_contents
from mic21.release.diff import compare, reasons
from mic21.release.documents import Account, write_documents
from mic21.release.facts import Facts, read_facts
from mic21.release.formats import FORMATS
from mic21.release.manifest import MANIFEST, Manifest, Previous, ScopeFacts, SplitFacts, hash_files
from mic21.release.ontology_files import write_ontology
from mic21.release.photographs import write_photographs
from mic21.release.plan import Plan, Scope, below_floor, make_plan
from mic21.release.reader import Release
from mic21.release.shards import Progress, write_shards
from mic21.release.splits import SALT, SHARES, Series, SplitRule
from mic21.release.statistics import draft_outcomes
from mic21.release.versions import check_version, parse_version

# Digest of an ontology → its errors: a look at all its names takes longer than a small release.
_LINTED: dict[str, list[str]] = {}


def build_release(
    corpus: Corpus,
    path: str | Path,
    *,
    version: str,
    statuses: Sequence[str] = ("accepted",),
    subdomains: Sequence[str] | None = None,
    domains: Sequence[str] | None = None,
    licenses: str | Sequence[str] | None = None,
    min_instances: int = 1,
    languages: Sequence[str] | None = None,
    floor: int = 0,
    allow_unknown_license: bool = False,
    shares: Mapping[str, float] = SHARES,
    salt: str = SALT,
    series: Series = "author",
    frozen: Mapping[int, str] | None = None,
    formats: Sequence[str] = (),
    previous: str | Path | None = None,
    on_progress: Progress | None = None,
) -> Manifest:
    """Build a release of a corpus into a folder that does not exist yet.

    An image is left out, and named with the reason in the manifest, if its subdomain or licence is not wanted, its
    licence is unknown, or nobody has looked at it: it has no record of the wanted statuses, and did not come with an
    import that says it shows nothing.

    Args:
        corpus: to release.
        path: the folder to make.
        version: such as `1.0.0`.
        statuses: of the annotations, captions and interactions to let in; `accepted`, or also `draft`.
        subdomains: only images of these.
        domains: only images of these.
        licenses: `permissive`, `nc-ok`, or SPDX expressions; None for all.
        min_instances: categories with fewer annotations are left out, and named in the manifest.
        languages: of captions; None for all.
        floor: subdomains with fewer images are named in the manifest.
        allow_unknown_license: let in images whose licence nobody knows.
        shares: split → share of the images.
        salt: another one gives another split.
        series: `author` keeps an author's photographs of a subdomain together; `none` only near duplicates.
        frozen: image → split, as `mic21.release.split_lists.read_split_list` gives it; wins over `previous`.
        formats: of `mic21.release.formats.FORMATS`, beside the forms that every release has.
        previous: the release that this one follows: its images keep their splits, and the version must be high enough
            for what has changed.
        on_progress: called with (images packed, images in all).

    Raises:
        UsageError: a version, status, language or format that is none.
        ReleaseError: the folder exists, the ontology has an error, `release.toml` has a gap, a photograph is missing or
            damaged, no image is left, or the version is too low.
    """
    target = Path(path)
    parse_version(version)
    for status in statuses:
        if status not in ("accepted", "draft"):
            raise UsageError(f"status: expected accepted or draft, found {status!r}")
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f"format: expected one of {', '.join(FORMATS)}, found {name!r}")
    if target.exists():
        raise ReleaseError(f"{target}: expected a folder that is not there yet: a release never changes")
    _require_known_languages(corpus, languages or ())
    _require_good_ontology(corpus)
    facts = read_facts(corpus.path)
    scope = Scope(
        sorted(statuses), subdomains, domains, licenses, min_instances, languages, floor, allow_unknown_license
    )
    earlier = Release(previous) if previous is not None else None
    given = (earlier.splits() if earlier else {}) | dict(frozen or {})
    rule = SplitRule(shares, salt, series, given)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.parent / f".{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with corpus.reading() as connection:
            plan = make_plan(corpus, connection, scope, rule)
            partial.mkdir()
            partial.chmod(0o755)
            try:
                writer = _Writer(corpus, connection, plan, scope, rule, partial, facts)
                manifest = writer.write(version, sorted(set(formats)), earlier, on_progress)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
        partial.rename(target)
        _flush_folder(target.parent)
    except OSError as error:
        raise ReleaseError(f"{target}: expected room to write a release, found: {error}; nothing was left") from error
    return manifest


def _require_known_languages(corpus: Corpus, languages: Sequence[str]) -> None:
    with corpus.reading() as connection:
        known = {*LANGUAGES, *connection.execute(select(schema.captions.c.language)).scalars()}
    for language in languages:
        if language not in known:
            raise UsageError(f"languages: expected some of {', '.join(sorted(known))}, found {language!r}")


def _require_good_ontology(corpus: Corpus) -> None:
    digest = corpus.ontology.digest
    if digest not in _LINTED:
        found = lint(corpus.ontology)
        _LINTED[digest] = [f"{each.code} {each.key}: {each.found}" for each in found if each.is_error]
    if errors := _LINTED[digest]:
        shown = "; ".join(errors[:5]) + (f"; and {len(errors) - 5} more" if len(errors) > 5 else "")
        raise ReleaseError(f"ontology: expected no error, found {shown}; see `mic21 ontology lint`")


class _Writer:
    """Writes a release into a folder that nobody sees yet."""

    def __init__(
        self,
        corpus: Corpus,
        connection: Connection,
        plan: Plan,
        scope: Scope,
        rule: SplitRule,
        folder: Path,
        facts: Facts | None,
    ) -> None:
        self.corpus, self.connection, self.plan, self.scope, self.rule = corpus, connection, plan, scope, rule
        self.folder, self.facts = folder, facts
        rows = connection.execute(select(schema.licenses).order_by(schema.licenses.c.id)).mappings()
        self.licenses = {row["id"]: records.license_record(dict(row)) for row in rows}

    def write(
        self, version: str, formats: list[str], previous: Release | None, on_progress: Progress | None
    ) -> Manifest:
        """Write everything, the manifest last."""
        corpus, connection, plan, folder = self.corpus, self.connection, self.plan, self.folder
        name = self.facts.name if self.facts else "mic21 corpus"
        head = Head({"description": name, "version": version}, list(self.licenses.values()))
        statistics = write_contents(corpus, connection, plan, folder, head)
        if previous is not None:
            found = compare(previous.path, folder, previous.manifest.formats, formats, previous.version)
            why = next((text for _, text in reasons(found)), "no record differs")
            check_version(previous.version, version, found.level, why)
        write_shards(corpus, connection, plan, folder / "shards", self.licenses, on_progress)
        write_photographs(folder)
        write_ontology(corpus, folder / "ontology")
        for format in formats:
            FORMATS[format](folder)
        scope = self.scope
        manifest = Manifest(
            version=version,
            mic21_version=package_version("mic21"),
            ontology_version=corpus.ontology.version,
            ontology_digest=corpus.ontology.digest,
            statuses=list(scope.statuses),
            unchecked=statistics.unchecked(),
            counts=statistics.counts(),
            left_out=list(plan.left_out),
            left_out_categories=list(plan.left_out_categories),
            left_out_captions=list(plan.left_out_captions),
            scope=ScopeFacts(
                subdomains=_listed(scope.subdomains),
                domains=_listed(scope.domains),
                licenses=scope.licenses if isinstance(scope.licenses, str) else _listed(scope.licenses),
                min_instances=scope.min_instances,
                languages=_listed(scope.languages),
            ),
            splits=SplitFacts(
                shares=dict(self.rule.shares),
                salt=self.rule.salt,
                series=self.rule.series,
                frozen=len(self.rule.frozen.keys() & plan.splits.keys()),
                straddling=[list(ids) for ids in plan.straddling],
                deviations=statistics.deviations(self.rule.shares),
            ),
            below_floor=below_floor(corpus, connection, plan, scope.floor),
            formats=formats,
            previous=Previous(version=previous.version, digest=previous.manifest.digest) if previous else None,
            files=[],
        )
        outcomes = draft_outcomes(connection, plan.splits)
        categories = {row["id"]: row for row in pq.read_table(folder / "tables/categories.parquet").to_pylist()}
        account = Account(manifest, statistics, self.facts, outcomes, self.licenses, corpus.ontology, categories)
        write_documents(folder, account, plan.image_rows(corpus, connection))
        return self._seal(manifest)

    def _seal(self, manifest: Manifest) -> Manifest:
        """Hash and flush every file, and write the manifest."""
        folder = self.folder
        found = list(folder.rglob("*"))
        for path in found:
            path.chmod(0o755 if path.is_dir() else 0o644)  # whatever the umask is
        files = sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())
        sealed = manifest.model_copy(update={"files": hash_files(folder, files, flush=True)}).sealed()
        with (folder / MANIFEST).open("wb") as file:
            file.write(sealed.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        (folder / MANIFEST).chmod(0o644)
        for directory in [folder, *(path for path in found if path.is_dir())]:
            _flush_folder(directory)
        return sealed


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
