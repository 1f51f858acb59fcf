"""Runs benchmark jobs, each in a process of its own, in turn with the peer's, and prints medians and the ratio."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run took."""

    seconds: Mapping[str, float]
    peak_mb: float


def run(command: Sequence[str]) -> Figure:
    """Run a job that prints a JSON object of seconds by step as its last line; the system tells the peak memory."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[:3])} …: exit status {process.returncode}")
    return Figure(json.loads(output.strip().splitlines()[-1]), usage.ru_maxrss / 1000)


def compare(name: str, ours: Sequence[str], peer: Sequence[str] | None, *, runs: int = 5) -> None:
    """Print a Markdown row for each step: median seconds and peak memory of both, and how many times faster ours is."""
    one: list[Figure] = []
    two: list[Figure] = []
    for _ in range(runs):
        one.append(run(ours))
        if peer is not None:
            two.append(run(peer))
    print(f"### {name}, median of {runs}\n")
    print("| step | mic21 s | mic21 MB | peer s | peer MB | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for step in one[0].seconds:
        mine, memory = _median(one, step)
        if not two or step not in two[0].seconds:
            print(f"| {step} | {mine:.3g} | {memory:.0f} | | | |")
            continue
        theirs, their_memory = _median(two, step)
        print(f"| {step} | {mine:.3g} | {memory:.0f} | {theirs:.3g} | {their_memory:.0f} | {theirs / mine:.1f}× |")
    print()


def _median(figures: Sequence[Figure], step: str) -> tuple[float, float]:
    seconds = statistics.median(figure.seconds[step] for figure in figures)
    return seconds, statistics.median(figure.peak_mb for figure in figures)
