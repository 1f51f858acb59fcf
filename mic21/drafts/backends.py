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
    found = {entry.name: entry for entry in entry_points(group=group)}
    what = group.rpartition(".")[2].removesuffix("s")
    if name not in found:
        raise BackendError(f"{what}: expected one of {', '.join(sorted(found)) or 'none installed'}, found {name!r}")
    try:
        backend = found[name].load()
    except ImportError as error:
        raise BackendError(f"{what} {name!r}: {_missing(found[name], error)}") from error
    known = inspect.signature(backend).parameters
    for option in options:
        if option not in known:
            raise BackendError(f"{what} {name!r}: it has no option --{option.replace('_', '-')}")
    return backend(ontology, weights=weights, device=device, **options)


def _missing(entry: EntryPoint, error: ImportError) -> str:
    if entry.name in _FROM_REPOSITORY:
        return f"it needs a package that is missing ({error}): {_FROM_REPOSITORY[entry.name]}"
    package = entry.dist.name if entry.dist else entry.value.partition(".")[0]
    to_install = f"{package}[{entry.name}]" if package == "mic21" else package
    return f"it needs a package that is missing ({error}): pip install '{to_install}'"
