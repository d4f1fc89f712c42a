"""Mutate files of weights and read them: each must load finite weights or be refused in one line.

    python -m scripts.stress.fuzz_checkpoints --count 3000

The mutations flip bits, cut, splice and overwrite bytes, and edit headers and JSON. The files are a
style checkpoint, a run checkpoint and a loss network's weights. Any other outcome, a new file, or
memory beyond the limit is printed, and the exit code is 1.
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
from scripts.networks import network_arguments
from scripts.stress.fuzz_mutations import MUTATIONS

SPARE = 256 << 20  # bytes of address space beyond what is mapped before the first file


def originals(folder: Path, style: Path | None) -> list[Path]:
    """Write small files of each kind, in new and old formats; return their paths."""
    torch.manual_seed(0)
    network = network_arguments(width=4, num_residual_blocks=1)
    net = TransformNet(**network)
    metadata = {"network": network, "style": {"name": "tiny", "title": "Tiny", "year": 1889}}
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
    """Read a file as the commands do, with its description.

    Raises:
        UserError: the file is refused.
        AssertionError: it was loaded with an unusable value.
    """
    if path.suffix == ".pth":
        build_loss_network("vgg19", ["relu1_1"], weights=str(path), pooling="max")
        return
    checkpoint = read_checkpoint(path)
    if not all(value.isfinite().all() for value in checkpoint.build().state_dict().values()):
        raise AssertionError("weights that are not finite")
    if not describe(checkpoint.metadata).replace("\n", "").isprintable():
        raise AssertionError("a description that is not printable")


def outcome(path: Path) -> str:
    """Return "loaded", "refused", or a description of the failure."""
    try:
        read(path)
    except UserError as error:
        fine = "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 3000
        return "refused" if fine else f"not one line: {str(error)[:300]!r}"
    except BaseException as error:  # a panic in safetensors is not an Exception
        return f"{type(error).__name__}: {str(error)[:300]}"
    return "loaded"


def limit_memory() -> None:
    """Limit the address space to what is mapped now, plus SPARE."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + SPARE, resource.RLIM_INFINITY))


def peak() -> int:
    """Return the peak of resident memory, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(count: int, seed: int, style: Path | None) -> tuple[Counter[str], list[str]]:
    """Mutate and read `count` files; return counts of outcomes by file, and all failures."""
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
                # Half of the mutations are near the start, where the headers are.
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
            new_files = [path.name for path in Path(work).iterdir() if path != target]
            if new_files:
                failures.append(f"{source.name}, mutation {number}: wrote {new_files}")
            target.unlink()
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", type=Path, default=Path("checkpoints/starry_night.safetensors"))
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as warm:  # so that what libraries map once does not count
        for path in originals(Path(warm), options.style):
            read(path)
    limit_memory()
    started, before = time.perf_counter(), peak()
    counts, failures = fuzz(options.count, options.seed, options.style)
    for name, value in sorted(counts.items()):
        print(f"{name}: {value}")
    seconds, grown = time.perf_counter() - started, (peak() - before) / 1e6
    print(f"{sum(counts.values())} files in {seconds:.0f} s; peak memory rose by {grown:.0f} MB")
    for line in failures:
        print(line, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
