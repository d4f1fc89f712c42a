"""What TensorBoard shows of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

# pyright does not see the classes that protobuf makes.
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout  # pyright: ignore
from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # pyright: ignore

from faststyle.train.run import train
from tests.support.runs import compose_config, events, smoke


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory, painting: Path, tiny_weights: Path) -> Path:
    """The folder of a run of thirty steps."""
    folder = tmp_path_factory.mktemp("curves")
    steps = ("trainer.max_steps=30", "trainer.preview_every=20")
    train(compose_config(*smoke(painting, tiny_weights, folder), *steps), folder / "run", None)
    return folder / "run"


def test_every_curve_and_none_that_shows_nothing(run_dir: Path) -> None:
    log = events(run_dir)
    terms = ["total_loss", "content_loss", "style_loss", "tv_loss"]
    terms += ["style_loss/relu1_1", "style_loss/relu2_1"]
    expected = {f"{part}/{term}" for part in ("train", "val") for term in terms}
    # No epoch, which is always 0, and no hp_metric, which is always -1.
    assert set(log.Tags()["scalars"]) == expected | {"train/images_per_second"}
    assert [event.step for event in log.Scalars("val/style_loss")] == [0, 5, 10, 20, 25, 30]
    assert len(log.Scalars("train/total_loss")) == 3
    assert all(event.value > 0 for event in log.Scalars("train/images_per_second"))


def test_the_preview_is_the_first_card(run_dir: Path) -> None:
    log = events(run_dir)
    previews = log.Images("preview")
    assert (previews[0].step, previews[-1].step) == (0, 30)
    assert previews[0].encoded_image_string != previews[-1].encoded_image_string
    assert min([*log.Tags()["scalars"], *log.Tags()["images"]]) == "preview"


def test_training_and_held_out_photos_share_a_chart(run_dir: Path) -> None:
    log = events(run_dir)
    (summary,) = log.Tensors(CONFIG_SUMMARY_TAG)
    layout = Layout.FromString(summary.tensor_proto.string_val[0])
    (category,) = layout.category
    charts = {chart.title: list(chart.multiline.tag) for chart in category.chart}
    assert charts["total_loss"] == ["train/total_loss", "val/total_loss"]
    assert len(charts) == 4
    for tags in charts.values():
        assert set(tags) <= set(log.Tags()["scalars"])


def test_settings_are_compared_by_the_held_out_loss(run_dir: Path) -> None:
    metadata = events(run_dir).summary_metadata

    def content(tag: str) -> HParamsPluginData:
        return HParamsPluginData.FromString(metadata[f"_hparams_/{tag}"].plugin_data.content)

    settings = content("session_start_info").session_start_info.hparams
    assert settings["trainer/max_steps"].number_value == 30
    assert settings["style/name"].string_value == "starry_night"
    assert {"loss/style_weight", "network/width"} <= set(settings)
    (metric,) = content("experiment").experiment.metric_infos
    assert metric.name.tag == "val/total_loss"
