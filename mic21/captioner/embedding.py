"""The frozen text embedding: computed from the training captions, or read from a pretrained model's folder.

The computed one is the positive pointwise mutual information of tokens that stand near one another, cut down by a
singular value decomposition: what skip-gram with negative sampling factorises implicitly (Levy & Goldberg, "Neural Word
Embedding as Implicit Matrix Factorization", NeurIPS 2014), but the same for the same captions.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import svds
from torch import Tensor

from mic21.captioner.tokenizer import Tokenizer
from mic21.errors import CaptionerError

Floats = npt.NDArray[np.float32]
NameOf = Callable[[int, str], str | None]  # category id, language → name

_WINDOW = 5  # tokens to each side
_SMOOTHING = 0.75  # of the context's distribution, as in word2vec
_IDENTITY = 0.1  # share of each vector that is its token's alone
# Names that models give to the embedding of their input.
_TENSORS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "shared.weight", "tok_embeddings.weight")


def ppmi_svd(sequences: Sequence[Sequence[int]], vocabulary: int, dim: int) -> Floats:
    """A vector for each token of a vocabulary, of mean length √dim; zero for tokens that occur nowhere.

    Tokens with the same company would get the same vector, so a small part of each is random, from a fixed seed.

    Args:
        sequences: of token ids.
        vocabulary: number of tokens.
        dim: of the vectors.

    >>> vectors = ppmi_svd([[1, 3, 2], [1, 4, 2], [1, 5, 6]], vocabulary=8, dim=4)
    >>> vectors.shape, bool(vectors[7].any())
    ((8, 4), False)
    >>> bool(vectors[3] @ vectors[4] > vectors[3] @ vectors[5])
    True
    """
    counts = _neighbours(sequences, vocabulary)
    ppmi = _ppmi(counts)
    rank = min(dim, vocabulary - 1)
    left, values, _ = svds(ppmi, k=rank, v0=np.ones(vocabulary))
    order = np.argsort(-values)
    left, values = left[:, order], values[order]
    strongest = left[np.abs(left).argmax(axis=0), np.arange(rank)]
    vectors = np.zeros((vocabulary, dim))
    vectors[:, :rank] = left * np.sign(strongest) * np.sqrt(np.maximum(values, 0))
    seen = np.asarray(counts.sum(axis=1)).ravel() > 0
    scale = np.linalg.norm(vectors[seen], axis=1).mean() or 1.0
    own = np.random.default_rng(21).normal(size=(vocabulary, dim)) / np.sqrt(dim)
    vectors = (vectors / scale + _IDENTITY * own) * np.sqrt(dim)
    vectors[~seen] = 0
    return np.asarray(vectors, np.float32)


def _neighbours(sequences: Sequence[Sequence[int]], vocabulary: int) -> csr_matrix:
    """How often each token stands near each other one, nearer ones counting more."""
    lengths = np.array([len(sequence) for sequence in sequences])
    tokens = np.concatenate([np.asarray(sequence, np.int64) for sequence in sequences])
    owner = np.repeat(np.arange(len(sequences)), lengths)
    counts = csr_matrix((vocabulary, vocabulary))
    for distance in range(1, _WINDOW + 1):
        same = owner[:-distance] == owner[distance:]
        one, other = tokens[:-distance][same], tokens[distance:][same]
        weights = np.full(len(one), 1 / distance)
        pairs = coo_matrix((weights, (one, other)), shape=(vocabulary, vocabulary)).tocsr()
        counts = counts + pairs + pairs.T
    return counts


def _ppmi(counts: csr_matrix) -> csr_matrix:
    total = counts.sum()
    near = np.asarray(counts.sum(axis=0)).ravel() ** _SMOOTHING
    context = near / near.sum()
    token = np.asarray(counts.sum(axis=1)).ravel() / total
    pairs = counts.tocoo()
    information = np.log(pairs.data / total / (token[pairs.row] * context[pairs.col]))
    return coo_matrix((np.maximum(information, 0), (pairs.row, pairs.col)), shape=counts.shape).tocsr()


def pretrained_embedding(folder: Path, tokenizer: Tokenizer) -> Floats:
    """The input embedding of a model saved as safetensors, with vectors from a fixed seed for the tokens that we added.

    Raises:
        CaptionerError: no file of the folder has such a tensor, or it does not fit the tokenizer.
    """
    matrix = _find_matrix(folder)
    if len(matrix) < tokenizer.text_size:
        raise CaptionerError(f"{folder}: expected {tokenizer.text_size} vectors, found {len(matrix)}")
    random = np.random.default_rng(21)
    added = len(tokenizer) - tokenizer.text_size
    ours = random.normal(scale=matrix.std(), size=(added, matrix.shape[1])).astype(np.float32)
    return np.concatenate([matrix[: tokenizer.text_size], ours])


def _find_matrix(folder: Path) -> Floats:
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt") as opened:
                for name in sorted(opened.keys()):
                    if name.endswith(_TENSORS) or name == "embedding":
                        matrix: Floats = opened.get_tensor(name).float().numpy()
                        return matrix
        except (OSError, SafetensorError) as error:
            raise CaptionerError(f"{file}: expected safetensors, found: {error}") from error
    raise CaptionerError(f"{folder}: expected safetensors with one of {', '.join(_TENSORS)}, found none")


class NameVectors:
    """Categories as vectors in the space of the text: the mean of the vectors of their names' tokens.

    Attributes:
        table: the vectors asked for so far, row 0 for a category without a name.
    """

    def __init__(self, embedding: Tensor, tokenizer: Tokenizer, name_of: NameOf) -> None:
        """Take the text's embedding, and what gives a category's name in a language."""
        self._embedding = embedding
        self._tokenizer = tokenizer
        self._name_of = name_of
        self._rows: dict[tuple[int, str], int] = {}
        self._vectors = [torch.zeros(embedding.shape[1])]
        self.table = torch.stack(self._vectors)

    def row(self, category_id: int, language: str) -> int:
        """The row of a category's vector; it is named in the language, or else in English."""
        key = (category_id, language)
        if key not in self._rows:
            name = self._name_of(category_id, language) or self._name_of(category_id, "en")
            ids = self._tokenizer.encode_text(name) if name else []
            self._rows[key] = len(self._vectors) if ids else 0
            if ids:
                self._vectors.append(self._embedding[ids].mean(dim=0))
                self.table = torch.stack(self._vectors)
        return self._rows[key]
