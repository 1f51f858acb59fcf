"""What a training would take: sizes, memory and time, from a few steps that leave nothing behind."""

import resource
import tempfile
from pathlib import Path

import torch

from mic21.captioner.checkpoint import trained
from mic21.captioner.reports import StartReport, StepReport
from mic21.captioner.run import build_model, read_embedding, read_record
from mic21.captioner.settings import Settings
from mic21.captioner.training import train
from mic21.release.reader import Release

_STEPS = 5


def dry_run(release: Release, features: Path, settings: Settings, *, device: str = "cpu") -> dict[str, object]:
    """Take some steps in a temporary folder and say what they took, by name.

    Raises:
        CaptionerError: the features do not fit the release.
    """
    starts: list[StartReport] = []
    steps: list[StepReport] = []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        train(
            release,
            features,
            run,
            settings.model_copy(update={"val_images": 0}),
            max_steps=_STEPS,
            device=device,
            on_start=starts.append,
            on_step=steps.append,
        )
        record = read_record(run)
        embedding = read_embedding(run, record)
        model = build_model(record, embedding)
    seconds = sorted(step.seconds for step in steps)[len(steps) // 2]
    if device.startswith("cuda"):
        memory = torch.cuda.max_memory_allocated()
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "captions": record.train_captions,
        "captions cut off": starts[0].cut,
        "texts": ", ".join(" ".join(text) for text in record.texts),
        "vocabulary": record.shape.vocabulary,
        "streams": ", ".join(record.shape.streams),
        "grid": f"{record.shape.grid_cells} × {record.shape.grid_dim}",
        "objects": f"n × {record.shape.object_dim}",
        "parameters trained": sum(one.numel() for one in trained(model).values()),
        "numbers frozen": embedding.numel() + sum(one.numel() for one in model.parameters() if not one.requires_grad),
        "tokens a step": round(sum(step.tokens for step in steps) / len(steps)),
        "seconds a step": round(seconds, 4),
        "steps": steps[0].total,
        "hours": round(steps[0].total * seconds / 3600, 2),
        "memory, MB": round(memory / 1e6),
    }
