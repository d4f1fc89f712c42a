"""Mutates files of weights and reads them: each is loaded with finite weights or refused in a line.

    python -m scripts.stress.fuzz_checkpoints --count 3000

Bits flipped, bytes cut out, spliced or swapped, headers and JSON edited; of a style checkpoint, a
training checkpoint and a file of a loss network's weights. Whatever else happens than a UserError
of one line, a file that appears, or memory beyond the bound, is printed and makes exit code 1.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.style_checkpoint import read_checkpoint, write_checkpoint
from faststyle.errors import UserError
from faststyle.losses.pretrained import build_loss_network
from faststyle.networks.transform_net import TransformNet
from scripts.stress.fuzz_mutations import MUTATIONS

SPARE = 256 << 20  # bytes beyond what the process has mapped before it reads anything
NETWORK = {
    "width": 4,
    "num_residual_blocks": 1,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}


def originals(folder: Path, style: Path | None) -> list[Path]:
    """Small files of each kind, in new and old formats."""
    torch.manual_seed(0)
    net = TransformNet(**NETWORK)  # type: ignore[arg-type]
    metadata = {"network": NETWORK, "style": {"name": "tiny", "title": "Tiny", "year": 1889}}
    write_checkpoint(folder / "tiny.safetensors", net, metadata)
    state = {f"transform_net.{name}": value for name, value in net.state_dict().items()}
    torch.save(
        {"state_dict": state, "global_step": 3, "faststyle": {"format": 1, **metadata}},
        folder / "tiny.ckpt",
    )
    weights = {"features.0.weight": torch.randn(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    torch.save(weights, folder / "new.pth")
    torch.save(weights, folder / "old.pth", _use_new_zipfile_serialization=False)
    if style is not None:
        (folder / "shipped.safetensors").write_bytes(style.read_bytes())
    return sorted(folder.iterdir())


def read(path: Path) -> None:
    """As the command lines do: all of it, with its description."""
    if path.suffix == ".pth":
        build_loss_network("vgg19", ["relu1_1"], weights=str(path), pooling="max")
        return
    checkpoint = read_checkpoint(path)
    if not all(value.isfinite().all() for value in checkpoint.build().state_dict().values()):
        raise AssertionError("weights that are not finite")
    if not describe(checkpoint.metadata).replace("\n", "").isprintable():
        raise AssertionError("a description that is not printable")


def outcome(path: Path) -> str:
    """ "loaded", "refused", or what went wrong."""
    try:
        read(path)
    except UserError as error:
        fine = "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 3000
        return "refused" if fine else f"not one line: {str(error)[:300]!r}"
    except BaseException as error:  # a panic of safetensors is no Exception
        return f"{type(error).__name__}: {str(error)[:300]}"
    return "loaded"


def limit_memory() -> None:
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + SPARE, resource.RLIM_INFINITY))


def peak() -> int:
    """Most bytes resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(count: int, seed: int, style: Path | None) -> tuple[Counter[str], list[str]]:
    """Counts of outcomes by kind of file, and everything that must not be."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as sources, tempfile.TemporaryDirectory() as work:
        files = originals(Path(sources), style)
        for path in files:
            read(path)
        for number in range(count):
            rng = random.Random(f"{seed} {number}")
            source = files[number % len(files)]
            data = bytearray(source.read_bytes())
            for _ in range(rng.choice((1, 1, 1, 3))):
                # Half of the time near the start, where the headers are.
                reach = min(len(data), rng.choice((16, 2000, 20000, 1 << 30)))
                if reach:
                    rng.choice(MUTATIONS)(data, rng, reach)
            target = Path(work) / source.name
            target.write_bytes(data)
            happened = outcome(target)
            if happened in ("loaded", "refused"):
                counts[f"{source.name} {happened}"] += 1
            else:
                failures.append(f"{source.name}, mutation {number}: {happened}")
            strangers = [path.name for path in Path(work).iterdir() if path != target]
            if strangers:
                failures.append(f"{source.name}, mutation {number}: wrote {strangers}")
            target.unlink()
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", type=Path, default=Path("checkpoints/starry_night.safetensors"))
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as warm:  # what libraries map once is no file's doing
        for path in originals(Path(warm), options.style):
            read(path)
    limit_memory()
    started, before = time.perf_counter(), peak()
    counts, failures = fuzz(options.count, options.seed, options.style)
    for name, value in sorted(counts.items()):
        print(f"{name}: {value}")
    seconds, grown = time.perf_counter() - started, (peak() - before) / 1e6
    print(
        f"{sum(counts.values())} files in {seconds:.0f} s; the peak of memory rose {grown:.0f} MB"
    )
    for line in failures:
        print(line, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
