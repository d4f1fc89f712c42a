"""On real weights, paintings and photos; FASTSTYLE_REAL_DATA says where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from faststyle.errors import UserError
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import build_loss_network
from faststyle.train.run import train
from tests.support.runs import compose_config

pytestmark = pytest.mark.real

VGG_STYLE = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
SQUEEZENET_STYLE = ["relu1", "fire2", "fire4", "fire6", "fire9"]
WEIGHTS = {
    "vgg19": "vgg19_oxford_conv5_1_fp16.pth",
    "squeezenet": "squeezenet1_1_features_fp16.pth",
}


@pytest.fixture(params=["vgg19", "squeezenet"])
def relative_loss(request: pytest.FixtureRequest, real_data: Path) -> PerceptualLoss:
    name = request.param
    content = ["relu4_2"] if name == "vgg19" else ["fire5"]
    style = VGG_STYLE if name == "vgg19" else SQUEEZENET_STYLE
    weights = str(real_data / "weights" / WEIGHTS[name])
    network = build_loss_network(name, [*content, *style], weights=weights, pooling="max")
    painting = load_image(real_data / "data" / "styles" / "starry_night.jpg")
    return PerceptualLoss(
        network,
        formula="relative",
        content_weight=1.0,
        style_weight=5.0,
        tv_weight=0.5,
        content_layers=content,
        style_layers=style,
        style_image=to_tensor(resize_long_edge(painting, 256)),
    )


def test_a_photo_as_it_is(relative_loss: PerceptualLoss, real_data: Path) -> None:
    """No content loss, and a style about as wrong as an empty picture's."""
    path = sorted((real_data / "data" / "content").glob("*.jpg"))[0]
    photo = to_tensor(resize_long_edge(load_image(path), 256))
    with torch.no_grad():
        terms = relative_loss(photo, relative_loss.content_targets(photo))
        grey = torch.full_like(photo, 0.5)
        of_grey = relative_loss(grey, relative_loss.content_targets(photo))
    assert terms["content_loss"] == 0
    assert 0.3 < terms["style_loss"] < 3
    assert 0.3 < of_grey["content_loss"] < 3


def test_vgg19_weights_are_not_vgg16s(real_data: Path) -> None:
    weights = str(real_data / "weights" / WEIGHTS["vgg19"])
    with pytest.raises(UserError, match="not vgg16's"):
        build_loss_network("vgg16", ["relu4_3"], weights=weights, pooling="max")


def test_forty_steps_lower_the_style_loss_on_held_out_photos(
    real_data: Path, tmp_path: Path
) -> None:
    config = compose_config(
        "experiment=smoke",
        f"style.image={real_data / 'data' / 'styles' / 'starry_night.jpg'}",
        "style.size=128",
        "data=folder",
        f"data.path={real_data / 'data' / 'coco' / 'train'}",
        "data.image_size=64",
        "data.num_images=60",
        "data.num_val_images=4",
        "data.batch_size=2",
        f"loss_network.weights={real_data / 'weights' / WEIGHTS['vgg19']}",
        "network.width=8",
        "trainer.max_steps=40",
        "trainer.learning_rate=0.005",
        f"runs_dir={tmp_path / 'runs'}",
        f"checkpoint_dir={tmp_path / 'checkpoints'}",
        "trainer.accelerator=cpu",
        "trainer.progress_bar=false",
        "trainer.yardstick=false",
    )
    train(config, tmp_path / "run", None)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    losses = [event.value for event in events.Scalars("val/style_loss")]
    # Half of an unmodified photo's 0.9; the untrained network's grey is already near 0.6.
    assert losses[-1] < 0.45
    assert losses[-1] < 0.75 * losses[0]
