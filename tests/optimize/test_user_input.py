"""What a user of `optimize` may get wrong: names of files, odd pictures, settings of any value."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from PIL import Image

from faststyle.config import optimize as optimize_settings
from faststyle.config.optimize import OptimizeConfig
from faststyle.config.parsing import parse_as
from faststyle.errors import UserError
from faststyle.files.paths import CONF_DIR
from faststyle.images.read import load_image
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.memory import check_fits, style_bytes
from faststyle.optimize import command, multiscale
from faststyle.optimize.inputs import Preview
from faststyle.optimize.memory import peak_bytes
from tests.support.commands import Outcome, in_process
from tests.support.networks import vgg_weights
from tests.support.pictures import noise_picture, save_animated
from tests.support.runs import TINY_LAYERS

Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path,
    tiny_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """The command line in this process, in the test's own folder, which has photo and style.png."""
    monkeypatch.chdir(tmp_path)
    noise_picture(0).save("photo.png")
    noise_picture(100, 70, 50).save("style.png")
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    handler = signal.getsignal(signal.SIGTERM)

    def run(*overrides: str) -> Outcome:
        usual = ["content=photo.png", "style.image=style.png", "output=out.png", "size=48"]
        usual += [f"loss_network.weights={tiny_weights}", *TINY_LAYERS, "steps=3", "device=cpu"]
        monkeypatch.setattr(sys, "argv", ["optimize", *usual, *overrides])
        return in_process("optimize", command.main, capfd)

    yield run
    signal.signal(signal.SIGTERM, handler)


def one_line(outcome: Outcome) -> str:
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("optimize: ")
    assert outcome.err.count("\n") == 1
    return outcome.err


def names() -> set[str]:
    return {path.name for path in Path().iterdir()}


# --- files of the user --------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 20])
def test_a_file_with_the_previews_name_stays(run: Run, every: int) -> None:
    Path("out_preview.png").write_text("precious")
    outcome = run(f"preview_every={every}")
    assert outcome.code == 0, outcome.err
    assert Path("out_preview.png").read_text() == "precious"
    assert names() == {"photo.png", "style.png", "out.png", "out_preview.png"}
    assert ("out_preview_1.png" in outcome.out) is (every == 1)


def test_previews_take_free_names_and_only_their_own_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a_preview.png").touch()
    (tmp_path / "a_preview_1.png").symlink_to("nowhere")
    preview = Preview(tmp_path / "a.png")
    assert preview.path.name == "a_preview_2.png"
    preview.path.write_text("of somebody else")
    preview.remove()
    assert preview.path.read_text() == "of somebody else"
    preview.save(noise_picture(0))
    preview.remove()
    assert {path.name for path in tmp_path.iterdir()} == {"a_preview.png"} | {"a_preview_1.png"}


def test_running_again_replaces_the_result_alone(run: Run) -> None:
    Path("out.png").write_text("of an earlier run")
    Path("other.png").write_text("precious")
    assert run().code == 0
    assert max(load_image("out.png").size) == 48
    assert Path("other.png").read_text() == "precious"


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_the_output_is_never_an_input(run: Run) -> None:
    before = Path("photo.png").read_bytes(), Path("style.png").read_bytes()
    Path("link.png").symlink_to("photo.png")
    os.link("style.png", "hard.png")
    for output in ("photo.png", "./photo.png", "link.png", "style.png", "hard.png"):
        assert "is one of the pictures given" in one_line(run(f"output={output}"))
    assert "one of the pictures given" in one_line(run("init=start.png", "output=start.png"))
    assert (Path("photo.png").read_bytes(), Path("style.png").read_bytes()) == before


def test_outputs_that_cannot_be_written_are_refused_before_the_first_step(run: Run) -> None:
    Path("folder.png").mkdir()
    assert "output: folder.png is a folder" in one_line(run("output=folder.png"))
    assert "output: cannot write" in one_line(run(f"output={'x' * 300}.png"))
    assert "no such folder: photo.png" in one_line(run("output=photo.png/out.png"))
    message = one_line(run("output=out.webp", "size=20000"))
    assert "output: WEBP holds at most 16383 pixels a side, size is 20000" in message
    assert names() == {"photo.png", "style.png", "folder.png"}


def test_names_as_long_as_file_systems_allow(run: Run) -> None:
    output = "絵" * 83 + ".png"  # 253 bytes
    assert run(f"output='{output}'", "preview_every=1").code == 0
    assert names() == {"photo.png", "style.png", output}


@pytest.mark.parametrize("name", ["painting (1)", "Gemälde", "a,b", "a=b", "a[1]", "ヴィンセント"])
def test_names_with_any_characters(run: Run, name: str) -> None:
    picture = f"{name}.png"
    noise_picture(3).save(picture)
    output = f"out {name}.png"
    outcome = run(f"content='{picture}'", f"style.image='{picture}'", f"output='{output}'")
    assert outcome.code == 0, outcome.err
    assert f"{output}: 3 steps" in outcome.out
    assert names() == {"photo.png", "style.png", picture, output}


def test_path_keys_are_texts_of_the_schema() -> None:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("optimize", ["content=a.jpg"])
    assert len(set(optimize_settings.TEXT_KEYS)) == len(optimize_settings.TEXT_KEYS)
    for key in optimize_settings.TEXT_KEYS:
        OmegaConf.update(config, key, "plain", force_add=False)
    parsed = parse_as(OptimizeConfig, config)
    for key in optimize_settings.TEXT_KEYS:
        assert OmegaConf.select(OmegaConf.structured(parsed), key) == "plain"


# --- odd pictures -------------------------------------------------------------------------------


def test_pictures_too_thin_for_the_loss_network(run: Run) -> None:
    noise_picture(0, 2, 5000).save("thin.png")
    real = ("loss.style_layers=[relu5_1]", "loss_network.weights=gone.pth")
    for size in (48, 200):
        message = one_line(run("style.image=thin.png", f"size={size}", *real))
        expected = f"style: the picture is 1 x {size} pixels when vgg19 looks at it, its layers ne"
        assert expected in message
    message = one_line(run("content=thin.png", *real))
    assert "content: the picture is 1 x 48 pixels when vgg19 looks at it" in message
    assert "need 16 on each side; crop it, or give a larger size" in message


def test_a_frieze_that_is_large_enough(run: Run) -> None:
    noise_picture(0, 400, 20).save("frieze.png")
    assert run("style.image=frieze.png", "style.size=200").code == 0
    assert run("content=frieze.png", "size=200").code == 0
    assert load_image("out.png").size == (200, 10)


def test_style_images_with_nothing_to_learn(run: Run) -> None:
    Image.new("RGB", (60, 40), (200, 30, 30)).save("flat.png")
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save("clear.png")
    for name, color in (("flat", "200, 30, 30"), ("clear", "255, 255, 255")):
        message = one_line(run(f"style.image={name}.png"))
        assert f"style.image: {name}.png: the picture has one color, RGB {color}" in message
    message = one_line(run("style.image=null", "style.images=[style.png,flat.png]"))
    assert "style.images: flat.png: the picture has one color" in message
    # A photo of one color has no content to lose, and can still be stylized.
    assert run("content=flat.png").code == 0


def test_what_is_to_be_known_about_pictures_is_printed(run: Run) -> None:
    save_animated(Path("film.gif"))
    outcome = run("style.image=film.gif", "init=film.gif")
    assert outcome.code == 0
    assert outcome.err == "optimize: film.gif: animated, only its first frame is used\n" * 2


# --- memory -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loss_network() -> LossNetwork:
    return LossNetwork(
        "vgg19", ["relu2_1"], pooling="max", state_dict=vgg_weights("vgg19", 2, 1, seed=0)
    )


def test_memory_goes_with_the_pictures_own_shape(loss_network: LossNetwork) -> None:
    wide, square = (peak_bytes(loss_network, height, 400, 10) for height in (50, 400))
    assert square == pytest.approx(8 * wide)


def test_the_style_image_takes_its_layers_and_the_one_at_work() -> None:
    # conv1_2 reads and writes 64 channels at full size, while the output of relu1_1 is kept.
    for layers, floats in ((["relu2_1"], 3.3 * 128), (["relu1_1", "relu2_1"], 64 + 3.3 * 128)):
        needed = style_bytes("vgg19", layers, 100, 200)
        assert needed == pytest.approx(4 * floats * 100 * 200)


def test_a_style_image_larger_than_the_memory_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiscale, "available_bytes", lambda _: 10**9)
    message = one_line(run("style.size=20000"))
    assert "style.size: 20000 pixels take about" in message
    fitting = message.partition("style.size=")[2].partition(" fits")[0]
    assert 500 < int(fitting) < 20000
    assert "size: 30000 pixels take about" in one_line(run("size=30000", "style.size=48"))


def test_the_size_that_fits_is_named() -> None:
    with pytest.raises(UserError, match=r"--sizes: 800 pixels .*; --sizes=400 fits \(or so\)"):
        check_fits("--sizes", 4, 1, 800, " (or so)")


# --- settings of any value ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=-1", "seed: must be at least 0, got -1"),
        ("seed=4294967296", "seed: must be at most 4294967295, got 4294967296"),
        ("steps=1000000001", "steps: must be at most 1000000000"),
        ("learning_rate=inf", "learning_rate: must be at most 1000, got inf"),
        ("learning_rate=nan", "learning_rate: must be above 0, got nan"),
        ("style_scale=inf", "style_scale: must be at most 1000, got inf"),
        ("style.size=10000000000", "style.size: must be at most 1000000000"),
        ("loss.style_weight=inf", "loss.style_weight: must be"),
        ("loss.tv_weight=nan", "loss.tv_weight: must be"),
    ],
)
def test_ranges(run: Run, override: str, message: str) -> None:
    assert message in one_line(run(override))


def test_the_last_seed_works(run: Run) -> None:
    assert run("seed=4294967295", "init=noise").code == 0


def test_weights_of_a_blend_have_a_range(run: Run) -> None:
    two = ("style.image=null", "style.images=[style.png,photo.png]")
    for limit, weights in {"at most 1e+06": ("inf", "1e7"), "above 0": ("nan", "0")}.items():
        for weight in weights:
            message = one_line(run(*two, f"style.blend=[1,{weight}]"))
            assert f"style.blend: weights must be {limit}, got " in message


KEYS = [
    *("content", "output", "init", "size", "steps", "optimizer", "learning_rate", "history"),
    *("multiscale", "coarsest_size", "keep_color", "style_scale", "preview_every"),
    *("progress_bar", "device", "seed", "style.name", "style.title", "style.artist", "style.year"),
    *("style.rights", "style.image", "style.size", "style.style_weight", "style.steps"),
    *("style.images", "style.blend", "loss.formula", "loss.content_weight"),
    *("loss.style_weight", "loss.tv_weight", "loss.content_layers", "loss.style_layers"),
    *("loss_network.name", "loss_network.weights", "loss_network.pooling"),
    *("loss_network.content_layers", "loss_network.style_layers"),
]
WORDS = ["null", "true", "", "word", "'a b'", "???", "${size}", "${none}", "/dev/null", ".", "auto"]
VALUES = st.one_of(
    st.integers(-3, 3).map(str),
    st.integers().map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from([*WORDS, "meta", "cpu:7", "cuda:9", "[]", "[1,2]", "[a,null]"]),
    st.sampled_from(["{a:1}", "[[1]]", "0x10", "1e400", "-1e-320", "[relu1_1]", "[relu9_9]"]),
)


def test_the_sweep_covers_every_setting() -> None:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        plain = OmegaConf.to_container(compose("optimize"))
    assert isinstance(plain, dict)
    leaves = {
        f"{section}.{key}" if isinstance(value, dict) else str(section)
        for section, value in plain.items()
        for key in (value if isinstance(value, dict) else [""])
    }
    assert leaves <= set(KEYS)


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(key=st.sampled_from(KEYS), value=VALUES)
@example(key="size", value="1" * 400)
@example(key="device", value="meta")
@example(key="style_scale", value="1e300")
@example(key="loss.style_weight", value="1e300")
def test_any_value_works_or_is_one_line(run: Run, key: str, value: str) -> None:
    outcome = run(f"{key}={value}", "steps=1" if key != "steps" else "size=48")
    if outcome.code == 1 and key.endswith("_weight"):  # finite, but not in 32 bits
        assert outcome.err == "optimize: step 0: the loss is not a finite number\n"
    elif outcome.code:
        one_line(outcome)
    Path("out.png").unlink(missing_ok=True)
    assert names() == {"photo.png", "style.png"}
