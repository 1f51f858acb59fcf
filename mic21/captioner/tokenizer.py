"""Captions as numbers and back: byte-pair encoding trained on a release's captions, or one that a model brings.

A sequence is `<bos> <LANGUAGE> <KIND> … <eos>`, so that one model writes every language and kind it was trained on.
`<pad>`, `<bos>`, `<eos>` and `<unk>` are four different tokens: a model whose padding is its end learns no end. What
stands in a caption is never taken for one of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from mic21.errors import CaptionerError

PAD, BOS, EOS, UNK = "<pad>", "<bos>", "<eos>", "<unk>"
SPECIAL = (PAD, BOS, EOS, UNK)
PROMPT = 3  # tokens before the first of the text
KINDS = ("title", "description")


def clean(text: str) -> str:
    """Text as it is encoded: NFC, single spaces, none at the ends.

    >>> clean(" a  b ")
    'a b'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


class Tokenizer:
    """A vocabulary and how text is cut into it.

    Attributes:
        pad: id of padding.
        bos: id of the beginning.
        eos: id of the end.
        unk: id of what is unknown.
        text_size: ids below are those of the model's own tokens, where a model brought the vocabulary; else all.
    """

    def __init__(
        self, inner: tokenizers.Tokenizer, text_size: int | None = None, ends: tuple[int, int] | None = None
    ) -> None:
        """Wrap a tokenizer that has our tokens; `ends` are a language model's own beginning and end."""
        inner.encode_special_tokens = True  # "<eos>" in a caption is five characters
        self._inner = inner
        self.pad, self.bos, self.eos, self.unk = (self._id(token) for token in SPECIAL)
        if ends is not None:
            self.bos, self.eos = ends
        self.text_size = inner.get_vocab_size() if text_size is None else text_size

    @classmethod
    def train(cls, texts: Iterable[str], *, languages: Sequence[str], size: int = 8_000) -> "Tokenizer":
        """Byte-pair encoding over bytes, so that any text of any script survives; the same texts give the same tokens.

        Args:
            texts: to learn from, in any order.
            languages: BCP 47 tags that get a token each.
            size: of the vocabulary, at most.

        >>> tokenizer = Tokenizer.train(["A red ball", "Червена топка"], languages=["bg", "en"])
        >>> tokenizer.decode(tokenizer.encode("Червена топка", "bg", "title"))
        'Червена топка'
        """
        inner = tokenizers.Tokenizer(models.BPE(unk_token=UNK))
        inner.normalizer = normalizers.NFC()
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[*SPECIAL, *_controls(languages)],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        inner.train_from_iterator(sorted(clean(text) for text in texts), trainer)
        return cls(inner)

    @classmethod
    def pretrained(cls, folder: Path, *, languages: Sequence[str], ends: tuple[int, int] | None = None) -> "Tokenizer":
        """The tokenizer of a model's folder (`tokenizer.json`), our special and control tokens added after its own.

        Raises:
            CaptionerError: there is none.
        """
        inner = _read(folder / "tokenizer.json")
        inner.no_padding()
        inner.no_truncation()
        text_size = max(inner.get_vocab(with_added_tokens=True).values()) + 1
        inner.add_special_tokens([*SPECIAL, *_controls(languages)])
        return cls(inner, text_size, ends)

    @classmethod
    def load(cls, path: Path, text_size: int | None = None, ends: tuple[int, int] | None = None) -> "Tokenizer":
        """The tokenizer that `save` wrote.

        Raises:
            CaptionerError: there is none.
        """
        inner = _read(path)
        missing = [token for token in SPECIAL if inner.token_to_id(token) is None]
        if missing:
            raise CaptionerError(f"{path}: expected a tokenizer of mic21, found none of {', '.join(missing)}")
        return cls(inner, text_size, ends)

    def save(self, path: Path) -> None:
        """Write it as the JSON of the library `tokenizers`."""
        path.write_text(self._inner.to_str(pretty=True), encoding="utf-8")

    def __len__(self) -> int:
        """How many ids there are."""
        return max(self._inner.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has a token for, sorted."""
        vocabulary = self._inner.get_added_tokens_decoder().values()
        found = {match[1] for token in vocabulary if (match := re.fullmatch(r"<language:(.+)>", token.content))}
        return tuple(sorted(found))

    @cached_property
    def special(self) -> frozenset[int]:
        """All special and control tokens, a model's own included."""
        return frozenset(id for id, token in self._inner.get_added_tokens_decoder().items() if token.special)

    def prompt(self, language: str, kind: str) -> list[int]:
        """What a caption of a language and kind begins with.

        Raises:
            CaptionerError: the tokenizer has no token for it.
        """
        if language not in self.languages or kind not in KINDS:
            raise CaptionerError(
                f"{language}/{kind}: expected one of {', '.join(self.languages)} and one of {', '.join(KINDS)}"
            )
        return [self.bos, self._id(f"<language:{language}>"), self._id(f"<{kind}>")]

    def encode(self, text: str, language: str, kind: str) -> list[int]:
        """A caption as ids, from `<bos>` to `<eos>`."""
        return [*self.prompt(language, kind), *self.encode_text(text), self.eos]

    def encode_text(self, text: str) -> list[int]:
        """The ids of a text alone."""
        ids: list[int] = self._inner.encode(clean(text), add_special_tokens=False).ids
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, on all cores."""
        found = self._inner.encode_batch([clean(text) for text in texts], add_special_tokens=False)
        return [one.ids for one in found]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids up to `<eos>`; special and control tokens, and bytes that make no character, are left out."""
        ids = list(ids)
        ids = ids[: ids.index(self.eos)] if self.eos in ids else ids
        text: str = self._inner.decode(ids, skip_special_tokens=True)
        return clean(text.replace("\ufffd", ""))

    def _id(self, token: str) -> int:
        id = self._inner.token_to_id(token)
        assert id is not None, token  # `load` has looked
        return id


def _controls(languages: Sequence[str]) -> list[str]:
    return [*(f"<language:{language}>" for language in sorted(languages)), *(f"<{kind}>" for kind in KINDS)]


def _read(path: Path) -> tokenizers.Tokenizer:
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise CaptionerError(f"{path}: expected a tokenizer, found: {error}") from error
