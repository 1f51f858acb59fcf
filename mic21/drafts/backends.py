"""Backends by name: entry points, imported when one is asked for, so that drafts need no machine-learning library."""

import inspect
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mic21.errors import BackendError
from mic21.ontology import Ontology

# What no package index has; extras cannot name it.
_FROM_REPOSITORY = {
    "detectron2": "pip install 'mic21[torchvision]' 'setuptools<81', then "
    "pip install --no-build-isolation 'git+https://github.com/facebookresearch/detectron2.git'"
}


def load_backend(
    group: str, name: str, ontology: Ontology, *, weights: str | None, device: str, options: Mapping[str, object]
) -> Any:
    """The backend that an installed package registers under a name; what it satisfies is the group's Protocol.

    Raises:
        BackendError: the name is unknown, packages that the backend needs are missing, or it lacks one of the options.
    """
    backend = find_backend(group, name)
    known = inspect.signature(backend).parameters
    for option in options:
        if option not in known:
            raise BackendError(f"{_what(group)} {name!r}: it has no option --{option.replace('_', '-')}")
    return backend(ontology, weights=weights, device=device, **options)


def find_backend(group: str, name: str) -> Any:
    """The class that an installed package registers under a name.

    Raises:
        BackendError: the name is unknown, or packages that the backend needs are missing.
    """
    found = {entry.name: entry for entry in entry_points(group=group)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none installed"
        raise BackendError(f"{_what(group)}: expected one of {known}, found {name!r}")
    try:
        return found[name].load()
    except ImportError as error:
        raise BackendError(f"{_what(group)} {name!r}: {_missing(found[name], error)}") from error


def _what(group: str) -> str:
    return group.rpartition(".")[2].removesuffix("s")


def _missing(entry: EntryPoint, error: ImportError) -> str:
    if entry.name in _FROM_REPOSITORY:
        return f"it needs a package that is missing ({error}): {_FROM_REPOSITORY[entry.name]}"
    package = entry.dist.name if entry.dist else entry.value.partition(".")[0]
    to_install = f"{package}[{entry.name}]" if package == "mic21" else package
    return f"it needs a package that is missing ({error}): pip install '{to_install}'"
