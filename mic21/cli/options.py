"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CorpusFolder = Annotated[
    Path, typer.Option("-C", "--corpus", envvar="MIC21_CORPUS", help="The corpus folder.", show_envvar=True)
]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
SubdomainKey = Annotated[str | None, typer.Option("--subdomain", "-s", help="Of this subdomain, such as chess.")]
Backend = Annotated[str, typer.Option("--backend", help="Name of the backend.")]
Weights = Annotated[str | None, typer.Option("--weights", help="Weights, where the backend takes some.")]
Device = Annotated[str, typer.Option("--device", help="Where the model runs: cpu, cuda, cuda:1 …")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many images.")]
