"""`mic21 evaluate`: how good masks, captions and tags are."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from mic21.cli.ontology import Corpus, load
from mic21.cli.options import Json
from mic21.cli.output import show_json, show_rows, warn
from mic21.errors import CheckError, UsageError

Split = Annotated[str, typer.Option("--split", help="train, val or test.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Also write the report there, as JSON.")]

app = typer.Typer(no_args_is_help=True, help="Measure masks, captions and tags against what people made.")


@app.command()
def masks(
    predictions: Annotated[Path, typer.Argument(help="COCO results, or a COCO file whose annotations have scores.")],
    ground_truth: Annotated[Path, typer.Argument(help="A COCO file.")],
    iou: Annotated[str, typer.Option("--iou", help="segm or bbox.")] = "segm",
    classless: Annotated[
        bool, typer.Option("--classless", help="Classes do not count, only where things are.")
    ] = False,
    per: Annotated[str | None, typer.Option("--per", help="Also by category, subdomain or domain.")] = None,
    roll_up: Annotated[
        list[str] | None, typer.Option("--roll-up", help="Whatever is below this category counts as it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the report there, as JSON.")] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for precision-recall.png and, with --images, worst.png.")
    ] = None,
    images: Annotated[Path | None, typer.Option("--images", help="Folder of the photographs.")] = None,
    worst: Annotated[int, typer.Option("--worst", min=0, help="Name so many of the images that did worst.")] = 12,
    corpus: Corpus = Path(),
    as_json: Json = False,
) -> None:
    """Average precision and recall of masks, by COCO's protocol."""
    try:  # hotcoco and matplotlib are not in the base install
        from mic21.evaluation.curves import draw_precision_recall
        from mic21.evaluation.masks import evaluate_masks, write_report
        from mic21.explorer.worst import draw_worst
    except ImportError as error:
        raise CheckError(
            f"evaluate masks: it needs a package that is missing ({error}): pip install 'mic21[evaluate]'"
        ) from error

    report = evaluate_masks(
        predictions,
        ground_truth,
        load(corpus),
        iou=iou,
        classless=classless,
        per=per,
        roll_up=roll_up or (),
        worst=worst,
    )
    if out is not None:
        write_report(report, out)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        draw_precision_recall(report, pictures / "precision-recall.png")
        if images is not None:
            draw_worst(report, images).save(pictures / "worst.png")
    if as_json:
        show_json(report.to_json())
        return
    figures = {"": report.figures} | report.per
    show_rows([{"of": name or "all", **values} for name, values in figures.items()], as_json=False)
    if report.foreign:
        warn([f"{report.foreign} predictions left out: the ground truth lacks their image or category"])


@app.command()
def captions(
    predictions: Annotated[Path, typer.Argument(help="JSON lines with image_id, language, kind and caption.")],
    release: Annotated[Path, typer.Argument(help="The release that they are of; a second report with --compare.")],
    split: Split = "test",
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only captions of this language.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only title or description.")] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Measure captions that cost nothing, too.")] = False,
    bleu_mode: Annotated[
        Literal["corpus", "sentence"], typer.Option("--bleu-mode", help="BLEU of all, or the mean of each caption's.")
    ] = "corpus",
    smoothing: Annotated[
        Literal["none", "floor", "add-one"], typer.Option("--smoothing", help="Of BLEU where nothing matches.")
    ] = "none",
    individual: Annotated[
        bool, typer.Option("--individual", help="BLEU-n is the precision of n-grams alone, not of all up to n.")
    ] = False,
    idf: Annotated[
        str, typer.Option("--idf", help="CIDEr-D's document frequencies: references, train, or a file of --save-idf.")
    ] = "references",
    save_idf: Annotated[
        Path | None, typer.Option("--save-idf", help="Also write those of --language and --kind there.")
    ] = None,
    meteor: Annotated[bool, typer.Option("--meteor", help="Reckon nltk's METEOR too.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Score what is there where captions are missing.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Compare two reports: mic21 evaluate captions --compare A.json B.json")
    ] = False,
    resamples: Annotated[int, typer.Option("--resamples", help="Draws of the bootstrap of --compare.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of these draws.")] = 21,
    out: Out = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Show the report as Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """BLEU, CIDEr-D, ROUGE-L, hallucinations, object recall and diversity of captions; or how two reports differ."""
    from mic21.corpus.images import write_atomically  # these import tables, which --help does not need
    from mic21.drafts.captioners.baseline import template_captions
    from mic21.evaluation.baselines import baseline_captions
    from mic21.evaluation.bleu_score import BleuOptions
    from mic21.evaluation.caption_report import to_markdown, write_caption_report
    from mic21.evaluation.captions import document_frequencies, evaluate_captions
    from mic21.evaluation.compare import compare_captions
    from mic21.evaluation.compare import to_markdown as differences_to_markdown
    from mic21.release.reader import Release

    if compare:
        found = compare_captions(predictions, release, resamples=resamples, seed=seed)
        differences = [difference.model_dump() for difference in found]
        if out is not None:
            write_atomically(out, (json.dumps(differences, ensure_ascii=False, indent=1) + "\n").encode())
        if markdown and not as_json:
            typer.echo(differences_to_markdown(found).rstrip())
            return
        show_rows(differences, as_json)
        return
    if save_idf is not None:
        if language is None or kind is None or idf not in ("references", "train"):
            raise UsageError("save-idf: expected --language, --kind and no other file for --idf")
        of_split = "train" if idf == "train" else split
        document_frequencies(Release(release), of_split, language, kind).save(save_idf)
    report = evaluate_captions(
        predictions,
        Release(release),
        split,
        language=language,
        kind=kind,
        baselines=(baseline_captions, template_captions) if baselines else (),
        bleu=BleuOptions(mode=bleu_mode, smoothing=smoothing, cumulative=not individual),
        idf=idf,
        meteor=meteor,
        partial=partial,
    )
    if out is not None:
        write_caption_report(report, out)
    if as_json or markdown:
        typer.echo(report.model_dump_json(indent=1) if as_json else to_markdown(report).rstrip())
        return
    rows = []
    for group in report.groups:
        for name, figures in {"predictions": group.figures, **group.baselines}.items():
            rows.append({"language": group.language, "kind": group.kind, "of": name, **figures.model_dump()})
    show_rows(rows, as_json=False)
    warn([f"{report.elsewhere} captions left out: their images are in other splits"] if report.elsewhere else [])
    warn([f"{group} left out: {report.split} has no reference of it" for group in report.unreferenced])


@app.command()
def tags(
    predictions: Annotated[
        Path, typer.Argument(help="JSON lines with image_id and categories; see the options for other forms.")
    ],
    release: Annotated[Path, typer.Argument(help="The release that they are of.")],
    split: Split = "test",
    from_captions: Annotated[bool, typer.Option("--from-captions", help="Captions, whose words are the tags.")] = False,
    from_coco: Annotated[bool, typer.Option("--from-coco", help="Detections in COCO's results format.")] = False,
    threshold: Annotated[float, typer.Option("--threshold", help="Scores from here on count as predicted.")] = 0.5,
    known: Annotated[
        bool, typer.Option("--known", help="Leave out what annotators did not look for in the image's subdomain.")
    ] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Precision, recall, F1 and mean average precision of predicted categories, flat and along the hierarchy."""
    from mic21.corpus.images import write_atomically
    from mic21.evaluation.tags import evaluate_tags
    from mic21.release.reader import Release

    if from_captions and from_coco:
        raise UsageError("evaluate tags: expected one of --from-captions and --from-coco, found both")
    report = evaluate_tags(
        predictions,
        Release(release),
        split,
        form="captions" if from_captions else "coco" if from_coco else "tags",
        threshold=threshold,
        known=known,
    )
    if out is not None:
        write_atomically(out, (report.model_dump_json(indent=1) + "\n").encode())
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
        return
    figures = {"flat": report.flat, "hierarchical": report.hierarchical, **report.subdomains}
    show_rows([{"of": name, **values.model_dump()} for name, values in figures.items()], as_json=False)
