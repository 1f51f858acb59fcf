"""What a release says of itself: card, datasheet, Croissant, attribution, statistics with plots."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mic21.release.attribution import write_attribution
from mic21.release.documents.account import Account
from mic21.release.documents.card import card
from mic21.release.documents.croissant import croissant
from mic21.release.documents.datasheet import datasheet
from mic21.release.documents.figures import write_figures

__all__ = ["Account", "write_documents"]


def write_documents(release: Path, account: Account, images: Iterable[Mapping[str, Any]]) -> None:
    """Write README.md, DATASHEET.md, croissant.json, ATTRIBUTION.csv and `statistics/`.

    Args:
        release: folder, whose data is all there.
        account: what was recorded.
        images: rows of the images, by id.
    """
    write_attribution(release / "ATTRIBUTION.csv", images, account.licenses)
    write_figures(release / "statistics", account)
    texts = {"README.md": card(account, release), "DATASHEET.md": datasheet(account)}
    texts["croissant.json"] = croissant(account, release)
    for name, text in texts.items():
        (release / name).write_text(text, encoding="utf-8", newline="\n")
