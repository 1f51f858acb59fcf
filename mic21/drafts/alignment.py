"""How well captions fit their photographs in the eyes of CLIP, as CLIPScore measures it (Hessel et al. 2021).

CLIP reads the languages that it was trained on, most checkpoints English alone, and the first 77 tokens of a text.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from mic21.drafts.open_vocabulary import load_clip
from mic21.networks.weights import digest_weights, torch_device


class Alignment:
    """A model of open_clip that compares a photograph with texts."""

    def __init__(self, clip: str, *, device: str = "cpu") -> None:
        """Load the model.

        Args:
            clip: `MODEL:FILE` or `MODEL:TAG`, a model of open_clip with weights from a file (.safetensors, .pt) or
                published under a tag; `hf-hub:NAME`; or a folder with `open_clip_config.json` and weights.
            device: a torch device.

        Raises:
            BackendError: there is no such model, file or device, or the file does not fit the model.
        """
        self._device = torch_device(device)
        self._model, self._preprocess, self._tokenizer = load_clip(clip, self._device)
        self.signature = digest_weights(self._model.state_dict())[:16]

    @torch.inference_mode()
    def score(self, image: npt.NDArray[np.uint8], texts: Sequence[str]) -> list[float]:
        """The cosine of a photograph, uint8 h×w×3 RGB, and each text, -1 to 1; CLIPScore is 2.5 times that, above 0."""
        pixels = self._preprocess(Image.fromarray(image))[None].to(self._device)
        seen = self._model.encode_image(pixels, normalize=True)
        read = self._model.encode_text(self._tokenizer(list(texts)).to(self._device), normalize=True)
        return [round(float(cosine), 4) for cosine in (read @ seen.T)[:, 0]]
