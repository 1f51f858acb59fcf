"""What pytest leaves alone: adapters of libraries that no package index has, where they are not installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("detectron2") else ["mic21/*/detectron2*.py"]  # at any depth
