"""Reads the words of other wordnets: OMW's tab files, by WordNet 3.0 offset, and WN-LMF, by interlingual index."""

import gzip
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mic21.errors import OntologyError

Words = dict[str, list[str]]  # synset → words, the file's order

# OMW names files by ISO 639-3, we name languages by BCP 47.
_LANGUAGES = {
    **{"eng": "en", "bul": "bg", "als": "sq", "sqi": "sq", "eus": "eu", "cat": "ca", "hrv": "hr", "dan": "da"},
    **{"nld": "nl", "deu": "de", "ell": "el", "fin": "fi", "fra": "fr", "glg": "gl", "isl": "is", "ita": "it"},
    **{"lit": "lt", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "srp": "sr", "slk": "sk", "slv": "sl"},
    **{"spa": "es", "swe": "sv"},
}
_OMW_LINE = re.compile(r"(\d{8})-n\t(?:[a-z]{2,3}:)?lemma\t(.+)")
_OMW_SYNSET = re.compile(r"omw-.*-(\d{8})-n")  # OMW's own WN-LMF files have the offset in the id


def read_wordnets(path: Path, ili: Mapping[str, str]) -> dict[str, Words]:
    """The noun words of every wordnet in a file or folder: language → synset → words.

    Args:
        path: a `wn-data-*.tab` or `*.xml` (also `.xml.gz`) file, or a folder of such, to any depth.
        ili: interlingual index → WordNet 3.0 offset, for WN-LMF files.

    Raises:
        OntologyError: nothing there is a wordnet, or a file cannot be read.
    """
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_wordnet(file))
    if not files:
        raise OntologyError(f"{path}: expected wn-data-*.tab or WN-LMF *.xml files, found none")
    found: dict[str, Words] = {}
    for file in files:
        for language, synset, word in _read_tab(file) if file.suffix == ".tab" else _read_lmf(file, ili):
            words = found.setdefault(language, {}).setdefault(synset, [])
            if word not in words:
                words.append(word)
    return found


def read_ili(path: Path) -> dict[str, str]:
    """A map of CILI, `ili-map-pwn30.tab`: interlingual index → WordNet 3.0 offset.

    Raises:
        OntologyError: the file is missing, or no such map.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OntologyError(f"{path}: expected a map of CILI, found: {error}") from error
    pairs = [line.split("\t") for line in lines if line.strip()]
    found = {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and re.fullmatch(r"\d{8}-[nvars]", pair[1])}
    if not found or len(found) < len(pairs):
        raise OntologyError(f"{path}: expected lines of an index and an offset (i35545, 04536866-n), found others")
    return found


def _is_wordnet(file: Path) -> bool:
    is_tab = file.name.startswith("wn-data-") and file.suffix == ".tab"
    return file.is_file() and (is_tab or file.name.endswith((".xml", ".xml.gz")))


def _read_tab(file: Path) -> Iterator[tuple[str, str, str]]:
    code = file.stem.rpartition("-")[2]
    language = _LANGUAGES.get(code, code)
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if match := _OMW_LINE.fullmatch(line.rstrip("\n")):
                yield language, f"{match[1]}-n", match[2].strip().replace("_", " ")


def _read_lmf(file: Path, ili: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
        try:
            for _, element in ET.iterparse(stream):
                if element.tag == "Lexicon":
                    yield from _read_lexicon(element, ili)
                    element.clear()
        except ET.ParseError as error:
            raise OntologyError(f"{file}: expected WN-LMF, found: {error}") from error


def _read_lexicon(lexicon: ET.Element, ili: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    offsets: dict[str, str] = {}
    for synset in lexicon.iter("Synset"):
        match = _OMW_SYNSET.fullmatch(synset.get("id", ""))
        offset = f"{match[1]}-n" if match else ili.get(synset.get("ili", ""))
        if offset is not None:
            offsets[synset.get("id", "")] = offset
    language = lexicon.get("language", "")
    for entry in lexicon.iter("LexicalEntry"):
        lemma = entry.find("Lemma")
        for sense in entry.iter("Sense"):
            offset = offsets.get(sense.get("synset", ""))
            if lemma is not None and offset is not None and offset.endswith("-n"):
                yield _LANGUAGES.get(language, language), offset, lemma.get("writtenForm", "")
