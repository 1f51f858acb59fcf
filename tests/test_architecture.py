"""Imports go down only, and heavy libraries stay in their own adapters."""

import ast
import subprocess
import sys
from pathlib import Path

import mic21

PACKAGE = Path(mic21.__file__).parent
# From the top down; packages on one line may not import each other.
LAYERS = (
    ("cli",),
    ("demo",),
    ("explorer", "review", "synth"),
    ("drafts",),
    ("captioner", "evaluation"),
    ("networks",),
    ("release", "engine"),
    ("corpus",),
    ("ontology",),
    ("geometry",),
    ("errors",),
)
LEVEL = {name: len(LAYERS) - depth for depth, names in enumerate(LAYERS) for name in names}
HEAVY = ("torch", "torchvision", "timm", "cv2", "detectron2", "transformers", "open_clip", "ray", "label_studio_sdk")


def _imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def test_imports_go_down_only() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for module in _imports(path):
            parts = module.split(".")
            if parts[0] == "mic21" and len(parts) > 1 and parts[1] != own and LEVEL[parts[1]] >= LEVEL[own]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_heavy_libraries_are_not_imported_before_they_are_needed() -> None:
    program = (
        "import sys, mic21, mic21.captioner.encoders, mic21.drafts.segmenters, mic21.drafts.captioners\n"
        "from mic21.cli import run\n"
        "assert run(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_importing_mic21_alone_imports_no_table_library() -> None:
    program = "import sys, mic21; print([name for name in ('pandas', 'pyarrow', 'sqlalchemy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
