"""`mic21 demo`: the whole loop on real photographs."""

import time
from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Gets the corpus, the release and overview.png.")
    ] = Path("mic21-demo"),
) -> None:
    """Build a corpus and a verified release from a handful of real photographs, offline."""
    from mic21.demo import run_demo  # imports much of the package, which --help does not need

    start = time.monotonic()
    result = run_demo(folder, on_step=typer.echo)
    total = {
        name: sum(getattr(counts, name) for counts in result.manifest.counts.values())
        for name in ("images", "annotations", "captions")
    }
    typer.echo(
        f"\nDone in {time.monotonic() - start:.0f} s: a release of {total['images']} photographs, "
        f"{total['annotations']} draft masks and {total['captions']} draft captions.\n"
        f"  overview     {result.overview}\n"
        f"  open it      mic21 view {result.release}\n"
        f"  query it     mic21 query -C {result.release} --under vehicle\n"
        f"  check it     mic21 release verify {result.release}"
    )
