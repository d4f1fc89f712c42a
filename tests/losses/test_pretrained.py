"""Weights of loss networks: every form they come in, and files that hold none."""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision import models

from faststyle.errors import UserError
from faststyle.losses import pretrained
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network, read_state_dict
from tests.support.hostile import Calls, no_network
from tests.support.networks import normalized

# --- weights that fit -------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["full", "features", "fp16", "bare", "safetensors"])
def test_weights_in_every_form(
    form: str, tmp_path: Path, shallow: dict[str, Tensor], images: Tensor
) -> None:
    state = dict(shallow)
    if form == "full":
        state |= {"classifier.0.weight": torch.ones(4, 4), "classifier.0.bias": torch.ones(4)}
    elif form == "fp16":
        state = {key: value.half() for key, value in state.items()}
    elif form == "bare":  # model.features.state_dict()
        state = {key.removeprefix("features."): value for key, value in state.items()}
    path = tmp_path / f"weights.{'safetensors' if form == 'safetensors' else 'pth'}"
    save_file(state, path) if form == "safetensors" else torch.save(state, path)
    network = build_loss_network("vgg19", ["relu2_1"], weights=str(path), pooling="max")
    expected = LossNetwork("vgg19", ["relu2_1"], pooling="max", state_dict=shallow)
    got = network(images, ["relu2_1"])["relu2_1"]
    assert got.dtype == torch.float32
    tolerance = 1e-2 if form == "fp16" else 1e-6
    torch.testing.assert_close(
        got, expected(images, ["relu2_1"])["relu2_1"], rtol=tolerance, atol=tolerance
    )


def test_torchvision_weights_come_from_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: Tensor
) -> None:
    """A file in the cache is found without a connection, once its hash is right."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    cached.parent.mkdir(parents=True)
    model = models.squeezenet1_1(weights=None)
    torch.save(model.state_dict(), cached)
    network = build_loss_network("squeezenet", ["fire4"], weights="torchvision", pooling="max")
    got = network(images, ["fire2"])["fire2"]
    with torch.no_grad():
        expected = model.eval().features[:4](normalized(images))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


# --- mistakes ---------------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file: .*nowhere\.pth"):
        read_state_dict(tmp_path / "nowhere.pth")


@pytest.mark.parametrize("content", [b"", b"not a state dict", b"\x80\x04garbage", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_that_hold_no_tensors(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a file of plain tensors") as caught:
        read_state_dict(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [torch.ones(3), [torch.ones(3)], {"epoch": 3}, 5])
def test_files_that_hold_no_state_dict(value: object, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="holds no state dict of tensors"):
        read_state_dict(tmp_path / "weights.pth")


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    torch.save({"features.0.weight": Calls(Path.touch, proof)}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"a": Calls(Path.touch, proof)}))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(UserError, match="not a file of plain tensors"):
            read_state_dict(tmp_path / name)
        assert not proof.exists()
    # The same file does run code where it is trusted: the check above can fail.
    torch.load(tmp_path / "zip.pth", weights_only=False)
    assert proof.exists()


def test_offline_without_weights_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(pretrained, "urlopen", no_network)
    with pytest.raises(UserError, match=r"could not be downloaded.*weights=FILE") as caught:
        build_loss_network("squeezenet", ["fire2"], weights="torchvision", pooling="max")
    assert "\n" not in str(caught.value)


class Reply(io.BytesIO):
    """What a server sends; it may break off."""

    def __init__(self, content: bytes, breaks_off: bool = False):
        super().__init__(content)
        self.headers, self.breaks_off = {"Content-Length": str(len(content))}, breaks_off

    def read(self, size: int | None = -1, /) -> bytes:
        if self.breaks_off and self.tell():
            raise TimeoutError("timed out")
        return super().read(size)


def test_weights_are_downloaded_to_torchvisions_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "weights.pth"
    torch.save(models.squeezenet1_1(weights=None).state_dict(), path)
    content = path.read_bytes()
    url = f"https://nowhere/net-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(models.SqueezeNet1_1_Weights.IMAGENET1K_V1.value, "url", url, raising=False)
    asked = []

    def serve(content: bytes, breaks_off: bool = False):
        def answer(url: str, timeout: float) -> Reply:
            asked.append((url, timeout))
            return Reply(content, breaks_off)

        monkeypatch.setattr(pretrained, "urlopen", answer)

    def build() -> LossNetwork:
        return build_loss_network("squeezenet", ["fire2"], weights="torchvision", pooling="max")

    for damaged, breaks_off in ((content[:-1], False), (content, True)):
        serve(damaged, breaks_off)
        with pytest.raises(UserError, match="could not be downloaded"):
            build()
        assert not list((tmp_path / "hub" / "checkpoints").iterdir())
    serve(content)
    build()
    monkeypatch.setattr(pretrained, "urlopen", no_network)
    build()  # from the cache
    assert asked == [(url, pretrained.TIMEOUT)] * 3
