"""Flicker, warping error and sharpness of clips whose motion is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.evaluate.clips import CLIP, measure_clip
from faststyle.evaluate.command import main
from faststyle.evaluate.flow import optical_flow, warp
from faststyle.images.tensors import to_image
from tests.support.networks import TRAINED_METADATA, tiny_net


def texture(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 20, 24, generator=generator)
    return F.interpolate(coarse, (80, 96), mode="bicubic", align_corners=False).clamp(0, 1)


def moving(pixels: int) -> list[torch.Tensor]:
    whole = texture()
    return [whole[..., 8:72, 12 + pixels * k : 76 + pixels * k] for k in range(3)]


def test_flow_finds_a_shift() -> None:
    first, second, _ = (frame.mean(1, keepdim=True) for frame in moving(2))
    flow = optical_flow(first, second)[..., 8:-8, 8:-8]
    assert float((flow[:, 0] + 2).abs().mean()) < 0.2
    assert float(flow[:, 1].abs().mean()) < 0.1


def test_warping_undoes_a_shift() -> None:
    first, second, _ = moving(2)
    flow = torch.zeros(1, 2, 64, 64)
    flow[:, 0] = -2
    assert torch.allclose(warp(second, flow)[..., 2:], first[..., 2:], atol=1e-5)


def test_flicker_is_the_change_of_what_is_still() -> None:
    frames = [texture()] * 4
    lift = iter([0.0, 0.1, 0.0, 0.1])
    measured = measure_clip(frames, {"flickering": lambda frame: 0.8 * frame + next(lift)})
    assert measured.still == 1
    assert measured.figures[CLIP].flicker == 0
    assert measured.figures["flickering"].flicker == pytest.approx(25.5, abs=0.1)
    assert measured.figures["flickering"].warping_error is None


def test_what_moves_along_has_no_warping_error() -> None:
    offset = iter([0.0, 0.1, 0.0])
    measured = measure_clip(
        moving(2),
        {"same": lambda frame: frame, "flickering": lambda frame: 0.8 * frame + next(offset)},
    )
    assert measured.moving > 0.7
    same, flickering = (measured.figures[name].warping_error for name in ("same", "flickering"))
    assert same is not None
    assert flickering is not None
    assert same < 2
    assert flickering == pytest.approx(25.5, abs=2)


def test_a_blurred_clip_is_less_sharp() -> None:
    measured = measure_clip(moving(0), {"blurred": lambda x: F.avg_pool2d(x, 5, 1, 2)})
    assert measured.figures["blurred"].sharpness < 0.9 * measured.figures[CLIP].sharpness


def test_one_frame_is_no_clip() -> None:
    with pytest.raises(UserError, match="flicker needs two frames"):
        measure_clip([texture()], {})


def test_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("av", reason="the extra `video`")
    checkpoint = tmp_path / "tiny.safetensors"
    write_checkpoint(checkpoint, tiny_net(), TRAINED_METADATA)
    frames = tmp_path / "frames"
    frames.mkdir()
    for number, frame in enumerate(moving(1)):
        to_image(frame).save(frames / f"{number}.png")
    arguments = ["--ckpt", str(checkpoint), "--video", str(frames)]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    printed = capfd.readouterr().out
    assert "frame by frame" in printed
    assert "--steady 0.95" in printed
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["frames"] == 3
    assert set(results["figures"]) == {CLIP, "frame by frame", "--steady 0.95"}
    with pytest.raises(SystemExit) as exit_:
        main([*arguments, "--images", str(frames)])
    assert exit_.value.code == 2
    assert "give one" in capfd.readouterr().err
