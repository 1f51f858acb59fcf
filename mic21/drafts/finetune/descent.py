"""What learners of torch have in common: steps down the gradient, and saving."""

import math
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from mic21.errors import BackendError
from mic21.networks.detector import MODEL, WEIGHTS, Detector, write_whole

_WARM_UP = 100  # steps, at most a tenth of all
_WEIGHT_DECAY = 1e-4
_LONGEST_GRADIENT = 1.0


class Descent:
    """AdamW over a network (Loshchilov & Hutter 2019), with a linear warm-up and a cosine down to nothing."""

    def __init__(self, network: nn.Module, *, from_scratch: bool, learning_rate: float, steps: int) -> None:
        """Set the network to training.

        Args:
            network: to train, on its device.
            from_scratch: whether batch norms learn; the few photographs of a batch tell less than trained ones know.
            learning_rate: at its highest.
            steps: after how many it is nothing.
        """
        network.train()
        if not from_scratch:
            for module in network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=learning_rate, weight_decay=_WEIGHT_DECAY)
        warm_up = min(_WARM_UP, math.ceil(steps / 10))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer,
            lambda step: min((step + 1) / warm_up, (1 + math.cos(math.pi * min(step, steps) / steps)) / 2),
        )

    def step(self, losses: Mapping[str, Tensor]) -> float:
        """Take one step down the sum of the losses, and give that sum."""
        loss = sum(losses.values(), torch.zeros(()))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, _LONGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())


def save_detector(folder: Path, detector: Detector, network: nn.Module) -> None:
    """Write a detector as its segmenter takes it: its tensors last, each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_whole(folder / MODEL, detector.model_dump_json(indent=1).encode() + b"\n")
    write_whole(folder / WEIGHTS, safetensors.torch.save(tensors))


def load_start(network: nn.Module, weights: Mapping[str, Tensor], *, heads: str) -> None:
    """Load weights to start from; what depends on the classes stays random.

    Args:
        network: to load them into.
        weights: name → tensor.
        heads: beginning of the names of tensors that may be of another shape.

    Raises:
        BackendError: any other tensor is missing, or of another shape.
    """
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in weights.items() if name in own and tensor.shape == own[name].shape}
    wrong = [name for name in own.keys() - fitting.keys() if name not in weights or not name.startswith(heads)]
    if wrong:
        shown = ", ".join(sorted(wrong)[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise BackendError(f"weights: expected the tensors of the model, found none that fit {shown}")
    network.load_state_dict(fitting, strict=False)
