"""Pictures that a program has opened itself: as files are read, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from PIL.Image import Transpose

from faststyle import Stylizer, load_style
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.images.read import from_pil, load_photo
from faststyle.images.tensors import check_batch, to_tensor
from faststyle.networks.transform_net import TransformNet

NETWORK: dict[str, Any] = {
    **{"width": 4, "num_residual_blocks": 1, "norm": "instance"},
    **{"padding": "reflect", "upsample": "nearest", "output": "sigmoid"},
}
ORIENTATION = 0x0112


def swapped_profile() -> bytes:
    """An ICC profile in which red and green have changed places."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb.replace(b"rXYZ", b"-XYZ").replace(b"gXYZ", b"rXYZ").replace(b"-XYZ", b"gXYZ")


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[ORIENTATION] = orientation
    return made


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


KINDS = {
    "RGB": lambda rgb: rgb,
    "turned": lambda rgb: rgb,
    "profile": lambda rgb: rgb,
    "grey": lambda rgb: rgb.convert("L"),
    "16 bit": deep,
    "float": lambda rgb: Image.fromarray(np.asarray(rgb.convert("L"), dtype=np.float32) / 255),
    "alpha": lambda rgb: Image.merge("RGBA", (*rgb.split(), rgb.getchannel(0))),
    "grey alpha": lambda rgb: Image.merge("LA", (rgb.getchannel(1), rgb.getchannel(0))),
    "palette": lambda rgb: rgb.convert("P", palette=Image.Palette.ADAPTIVE),
    "inks": lambda rgb: rgb.convert("CMYK"),
    "bits": lambda rgb: rgb.convert("1"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("opened", ["at once", "already"])
def test_an_opened_file_is_as_the_file(kind: str, opened: str, tmp_path: Path) -> None:
    image = KINDS[kind](Image.fromarray(noise(20, 30, 3)))
    options = {
        "turned": {"exif": exif(6)},
        "profile": {"icc_profile": swapped_profile(), "exif": exif(3)},
    }
    path = tmp_path / "a.tif"
    image.save(path, **options.get(kind, {}))
    with Image.open(path) as file:
        if opened == "already":
            file.load()
        before = file.copy().tobytes()
        given = from_pil(file)
        assert file.tobytes() == before
    expected = load_photo(path)
    assert given.image.mode == "RGB"
    assert given.image.tobytes() == expected.image.tobytes()
    assert (given.alpha and given.alpha.tobytes()) == (expected.alpha and expected.alpha.tobytes())
    assert (given.exif, given.image.info) == (expected.exif, {})


def test_a_profile_that_does_not_fit_is_noted() -> None:
    image = Image.new("RGB", (4, 4), (10, 20, 30))
    image.info["icc_profile"] = b"not a profile"
    photo = from_pil(image)
    assert photo.notes == ("image: its color profile is broken, taken as sRGB",)
    assert photo.image.getpixel((0, 0)) == (10, 20, 30)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    Image.fromarray(noise(50, 50, 3)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with (
        Image.open(tmp_path / "a.png") as image,
        pytest.raises(UserError, match="cannot read picture the picture given: it is truncated"),
    ):
        from_pil(image)


# --- through a style --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Stylizer:
    path = tmp_path_factory.mktemp("style") / "tiny.safetensors"
    torch.manual_seed(0)
    metadata = {"network": NETWORK, "style": {"name": "tiny"}}
    write_checkpoint(path, TransformNet(**NETWORK), metadata)
    return load_style(path, "cpu")


def test_a_turned_photo_comes_out_upright(style: Stylizer, tmp_path: Path) -> None:
    upright = Image.fromarray(noise(20, 30, 3))
    upright.transpose(Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif(6))
    with Image.open(tmp_path / "a.png") as image:
        assert style(image).tobytes() == style(upright).tobytes()


def test_transparency_is_kept(style: Stylizer) -> None:
    image = Image.fromarray(noise(20, 30, 4), "RGBA")
    result = style(image)
    assert (result.mode, result.size) == ("RGBA", (30, 20))
    assert result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert result.convert("RGB").tobytes() == style(from_pil(image).image).tobytes()


def test_deep_grey_is_not_white(style: Stylizer) -> None:
    grey = Image.fromarray(noise(20, 30))
    assert style(deep(grey)).tobytes() == style(grey.convert("RGB")).tobytes()


def test_a_broken_profile_is_a_warning(style: Stylizer) -> None:
    image = Image.fromarray(noise(20, 30, 3))
    plain = style(image).tobytes()
    image.info["icc_profile"] = b"not a profile"
    with pytest.warns(UserWarning, match="profile is broken, taken as sRGB"):
        assert style(image).tobytes() == plain


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_any_precision(style: Stylizer, dtype: torch.dtype) -> None:
    batch = to_tensor(Image.fromarray(noise(20, 30, 3)))
    result = style(batch.to(dtype))
    assert result.dtype == dtype
    torch.testing.assert_close(result.float(), style(batch), atol=0.05, rtol=0)


GOOD = torch.rand(1, 3, 8, 8)
WRONG = {
    "levels": (GOOD * 255, "got values from .* to 25.*; divide by 255"),
    "uint8": ((GOOD * 255).byte(), r"got torch\.uint8; take image\.float\(\) / 255"),
    "int64": (GOOD.long(), r"got torch\.int64$"),
    "normalized": (GOOD * 2 - 1, "got values from -.*; undo the normalization"),
    "nan": (GOOD / 0 * 0, "values that are not finite"),
    "one picture": (GOOD[0], r"got shape \(3, 8, 8\); take image\.unsqueeze\(0\)"),
    "channels last": (GOOD.movedim(1, -1), r"shape \(1, 8, 8, 3\); move the channels forward"),
    "alpha": (torch.rand(1, 4, 8, 8), "leave the alpha channel out"),
    "grey": (torch.rand(1, 1, 8, 8), "repeat gray"),
    "no pictures": (GOOD[:0], r"got shape \(0, 3, 8, 8\)$"),
    "no pixels": (GOOD[:, :, :0], r"got shape \(1, 3, 0, 8\)$"),
    "array": (noise(8, 8, 3), r"not ndarray; take PIL\.Image\.fromarray\(image\)"),
    "name": ("photo.jpg", r"not str; take PIL\.Image\.open\(image\)"),
    "path": (Path("photo.jpg"), r"Path; take PIL\.Image\.open\(image\)"),
    "nothing": (None, "not NoneType$"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_what_is_not_a_picture_is_refused(mistake: str, style: Stylizer) -> None:
    given, message = WRONG[mistake]
    with pytest.raises(UserError, match=message) as caught:
        style(given)  # type: ignore[arg-type]
    assert str(caught.value).startswith("image: must be a PIL image or a float tensor (N, 3, H, W)")
    assert "\n" not in str(caught.value)


def test_what_resizing_overshoots_is_allowed() -> None:
    edge = torch.zeros(1, 3, 32, 32)
    edge[:, :, 8:24, 8:24] = 1
    large = torch.nn.functional.interpolate(edge, scale_factor=4.0, mode="bicubic")
    assert large.max() > 1
    check_batch(large)
