"""Loading models of detectron2: their configuration, their weights without unpickling them, their classes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import yaml
from detectron2 import model_zoo
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode, LazyConfig, get_cfg, instantiate
from detectron2.data import MetadataCatalog, transforms
from detectron2.modeling import build_model
from detectron2.projects.point_rend import add_pointrend_config
from detectron2.utils.file_io import PathManager
from omegaconf import DictConfig, ListConfig, OmegaConf

from mic21.errors import BackendError
from mic21.networks.detector import WEIGHTS, read_classes, read_detector
from mic21.networks.numpy_pickle import read_numpy_pickle
from mic21.networks.pixels import Pixels
from mic21.networks.weights import read_state_dict

Config: TypeAlias = Any  # a CfgNode, which YAML spells, or a lazy DictConfig; neither has types


@dataclass(frozen=True, slots=True)
class Model:
    """A network, and what has to be known to run it.

    Attributes:
        name: as it was asked for, without the folders that it lies in.
        network: in evaluation mode, on its device.
        resize: what the configuration does to a photograph before the network sees it.
        channels: `RGB` or `BGR`.
        classes: the name of each class.
        dataset: that it learnt from, as detectron2 calls it; empty where it has classes of its own.
        digest: of the configuration and the classes.
    """

    name: str
    network: Any
    resize: transforms.AugmentationList
    channels: str
    classes: Sequence[str]
    dataset: str
    digest: str


def load_model(weights: str, device: torch.device) -> Model:
    """The model of a name in the zoo, of `CONFIG:FILE`, or of a folder that `mic21 finetune` wrote.

    Raises:
        BackendError: there is no such model or file, or the file does not fit the model.
    """
    if Path(weights).is_dir():
        detector = read_detector(Path(weights), "detectron2")
        config = parse_config(detector.architecture)
        model = make_model(config, device, name="finetuned", classes=detector.categories)
        load_weights(model.network, str(Path(weights) / WEIGHTS))
        return model
    name, _, file = weights.partition(":")
    config = read_config(name)
    dataset = _dataset(config)
    file = file or published_weights(name)
    own = Path(file).with_suffix(".json")
    if own.is_file():
        classes, dataset = read_classes(own), ""
    else:
        classes = getattr(MetadataCatalog.get(dataset), "thing_classes", []) if dataset else []
    if not classes:
        raise BackendError(
            f"{name}: expected a dataset whose classes detectron2 knows, found {dataset or 'none'}; name them in "
            f'{own}: {{"thing_classes": [...]}}'
        )
    model = make_model(config, device, name=Path(name).name, classes=classes, dataset=dataset)
    load_weights(model.network, file)
    return model


def read_config(name: str) -> Config:
    """A configuration of the model zoo, or of a file: YAML, which is data, or a lazy `.py`, which is a program.

    Raises:
        BackendError: there is none, or it is none that detectron2 takes.
    """
    path = Path(name)
    if not path.is_file():
        try:
            path = Path(model_zoo.get_config_file(name))
        except RuntimeError as error:
            raise BackendError(
                f"weights: expected a model of detectron2's zoo such as COCO-InstanceSegmentation/"
                f"mask_rcnn_R_50_FPN_3x.yaml, a configuration file, or CONFIG:FILE, found {name!r}"
            ) from error
    try:
        if path.suffix == ".py":
            lazy = LazyConfig.load(str(path))
            if "model" not in lazy:
                raise ValueError("no model")
            return lazy
        config = _defaults()
        config.merge_from_file(str(path), allow_unsafe=False)
        config.MODEL.WEIGHTS = ""
        return config
    except (KeyError, ValueError, TypeError, AssertionError, SyntaxError, ImportError, yaml.YAMLError) as error:
        raise BackendError(f"{path}: expected a configuration of detectron2, found: {error}") from error


def parse_config(text: str) -> CfgNode:
    """The configuration that `CfgNode.dump` spelt."""
    config = _defaults()
    try:
        config.merge_from_other_cfg(CfgNode.load_cfg(text))
    except (KeyError, ValueError, AssertionError, yaml.YAMLError) as error:
        raise BackendError(f"architecture: expected a configuration of detectron2, found: {error}") from error
    return config


def make_model(config: Config, device: torch.device, *, name: str, classes: Sequence[str], dataset: str = "") -> Model:
    """The model of a configuration, with random weights.

    Raises:
        BackendError: it has not one class for each name.
    """
    if isinstance(config, CfgNode):
        spelling = "".join(config[part].dump() for part in ("INPUT", "MODEL", "TEST"))
        config.MODEL.DEVICE = str(device)
        network = build_model(config)
        sizes = [config.INPUT.MIN_SIZE_TEST, config.INPUT.MIN_SIZE_TEST]
        resize: list[Any] = [transforms.ResizeShortestEdge(sizes, config.INPUT.MAX_SIZE_TEST)]
        channels = config.INPUT.FORMAT
    else:
        network = instantiate(config.model).to(device)
        mapper = OmegaConf.select(config, "dataloader.test.mapper")
        resize = instantiate(mapper.augmentations) if mapper else [transforms.ResizeShortestEdge([800, 800], 1333)]
        channels = mapper.image_format if mapper else config.model.get("input_format", "BGR")
        spelling = _spelt(config.model)
    expected = getattr(getattr(network, "roi_heads", None), "num_classes", len(classes))
    if expected != len(classes):
        raise BackendError(f"{name}: expected the names of its {expected} classes, found {len(classes)}")
    digest = hashlib.sha256(f"{spelling} {resize} {list(classes)}".encode()).hexdigest()
    return Model(
        name, network.eval(), transforms.AugmentationList(list(resize)), channels, list(classes), dataset, digest
    )


def load_weights(network: Any, place: str, *, may_differ: str | None = None) -> None:
    """Load a file of weights, of this computer or of a URL that detectron2 knows, into a network.

    Args:
        network: to load it into.
        place: a `.pkl` of the model zoo or of Caffe2, which is read without running it; a `.pth` or a `.safetensors`.
        may_differ: beginning of the names of tensors that may have another shape, and are left as they are then.

    Raises:
        BackendError: there is no such file, or it does not fit the network.
    """
    try:
        file = PathManager.get_local_path(place)
    except (OSError, RuntimeError) as error:
        raise BackendError(f"{place}: could not be had ({error}); give a file: CONFIG:FILE") from error
    if not Path(file).is_file():
        raise BackendError(f"{place}: expected weights, found no such file")
    _Checkpointer(network, may_differ).load(file)


def to_input(model: Model, image: Pixels) -> tuple[dict[str, Any], transforms.Transform]:
    """What a network takes, a photograph resized and the size that its masks shall have; and how it was resized."""
    seen = transforms.AugInput(image if model.channels == "RGB" else image[:, :, ::-1])
    resized = model.resize(seen)
    tensor = torch.as_tensor(np.ascontiguousarray(seen.image.astype(np.float32).transpose(2, 0, 1)))
    return {"image": tensor, "height": image.shape[0], "width": image.shape[1]}, resized


def published_weights(name: str) -> str:
    """Where detectron2 publishes the weights of a model of its zoo.

    Raises:
        BackendError: it publishes none.
    """
    try:
        return str(model_zoo.get_checkpoint_url(name))
    except RuntimeError as error:
        raise BackendError(f"{name}: detectron2 has no weights of it; give a file: {name}:FILE") from error


class _Checkpointer(DetectionCheckpointer):  # type: ignore[misc] # detectron2 has no types
    """Reads files safely, and refuses what the original would only warn of."""

    def __init__(self, network: Any, may_differ: str | None) -> None:
        super().__init__(network)
        self._may_differ = may_differ

    def _load_file(self, filename: str) -> dict[str, Any]:
        path = Path(filename)
        return _from_zoo(path) if path.suffix == ".pkl" else {"model": read_state_dict(path)}

    def _log_incompatible_keys(self, incompatible: Any) -> None:
        wrong = [f"no {name}" for name in incompatible.missing_keys if not name.endswith("num_batches_tracked")]
        for name, found, expected in incompatible.incorrect_shapes:
            if self._may_differ is None or not name.startswith(self._may_differ):
                wrong.append(f"{name} of {tuple(found)} and not {tuple(expected)}")
        if wrong:
            shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
            raise BackendError(f"weights: expected the tensors of the configuration, found {shown}")


def _from_zoo(path: Path) -> dict[str, Any]:
    """What detectron2's checkpointer wants to know of a pickle: tensors, who named them, whether to match names."""
    found = read_numpy_pickle(path)
    if isinstance(found, dict) and "model" in found and "__author__" in found:
        checkpoint = dict(found)
    else:  # Caffe2 put the tensors into "blobs" or at the top, those of the optimiser among them
        blobs = found.get("blobs", found) if isinstance(found, dict) else None
        named = {name: blob for name, blob in (blobs or {}).items() if not str(name).endswith("_momentum")}
        checkpoint = {"model": named, "__author__": "Caffe2", "matching_heuristics": True}
    tensors = checkpoint["model"]
    if not isinstance(tensors, dict) or not tensors or not all(_is_tensor(value) for value in tensors.values()):
        raise BackendError(f"{path}: expected the arrays of a model, found something else")
    return checkpoint


def _is_tensor(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"


def _dataset(config: Config) -> str:
    if isinstance(config, CfgNode):
        return next(iter(config.DATASETS.TEST), "")
    names = OmegaConf.select(config, "dataloader.test.dataset.names") or ""
    return names if isinstance(names, str) else next(iter(names), "")


def _defaults() -> CfgNode:
    config = get_cfg()
    add_pointrend_config(config)
    return config


def _spelt(value: Any) -> str:
    """A lazy configuration as text that is the same in every process: what it calls stands there by name."""
    if isinstance(value, DictConfig):
        known = (name for name in sorted(value, key=str) if not OmegaConf.is_missing(value, name))
        return "{" + ", ".join(f"{name}: {_spelt(value[name])}" for name in known) + "}"
    if isinstance(value, ListConfig | list | tuple):
        return "[" + ", ".join(_spelt(one) for one in value) + "]"
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
    return repr(value)
