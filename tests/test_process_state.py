"""What a program's process holds is as before, once faststyle is imported and used in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import RunCli
from tests.support.pictures import noise_picture

# Prints each setting of the process that differs after USE.
PROGRAM = """
import gc, json, locale, logging, multiprocessing, os, random, signal, socket, sys, warnings
import matplotlib, numpy, PIL.Image, PIL.ImageFile, torch, torchvision, tqdm, safetensors.torch
{libraries}

def state():
    log = logging.getLogger()
    umask = os.umask(0); os.umask(umask)
    return dict(
        environment=dict(os.environ), folder=os.getcwd(), umask=umask, path=list(sys.path),
        arguments=list(sys.argv), locale=locale.setlocale(locale.LC_ALL),
        timeout=socket.getdefaulttimeout(), filters=list(map(str, warnings.filters)),
        showwarning=warnings.showwarning, recursion=sys.getrecursionlimit(),
        hooks=(sys.excepthook, sys.displayhook), digits=sys.get_int_max_str_digits(),
        streams=[(s, s.encoding, s.errors) for s in (sys.stdin, sys.stdout, sys.stderr)],
        logging=(log.level, list(map(str, log.handlers)), log.disabled, log.manager.disable),
        logger=(logging.getLogger("faststyle").level, logging.getLogger("faststyle").handlers[:]),
        signals=[signal.getsignal(number) for number in sorted(signal.valid_signals())],
        start=multiprocessing.get_start_method(allow_none=True), gc=gc.isenabled(),
        random=random.getstate(), numpy=str(numpy.random.get_state()), floats=numpy.geterr(),
        torch_random=torch.get_rng_state().tolist(), dtype=torch.get_default_dtype(),
        threads=(torch.get_num_threads(), torch.get_num_interop_threads()),
        gradients=(torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        deterministic=torch.are_deterministic_algorithms_enabled(),
        precision=torch.get_float32_matmul_precision(), anomaly=torch.is_anomaly_enabled(),
        backends=(torch.backends.mkldnn.enabled, torch.backends.cudnn.benchmark),
        sharing=torch.multiprocessing.get_sharing_strategy(),
        autocast=torch.is_autocast_enabled("cpu"), matplotlib=dict(matplotlib.rcParams),
        pillow=(PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES),
        formats=(sorted(PIL.Image.registered_extensions().items()), sorted(PIL.Image.OPEN)),
    )

PIL.Image.init()
before = state()
{use}
after = state()
print(*[key for key in before if before[key] != after[key]], "compared", len(before))
"""
USE = """
import faststyle
photo = PIL.Image.open("photo.png")
for name in faststyle.__all__:
    getattr(faststyle, name)
style = faststyle.load_style("starry_night", "cpu", 10**6)
style(photo, 0.5, stroke_scale=1.5, keep_color="histogram")
style(torch.zeros(1, 3, 40, 40))
faststyle.available_styles()
try:
    faststyle.load_style("nobody")
except faststyle.UserError:
    pass
from faststyle.images.read import load_photo
load_photo("photo.tif")
from faststyle.losses.pretrained import build_loss_network
network = build_loss_network("compact", ["relu1_1"], weights="bundled", pooling="max")
"""
IMPORT_ALL = """
import importlib, pathlib, faststyle
root = pathlib.Path(faststyle.__file__).parent
for file in sorted(root.rglob("*.py")):
    if not file.stem.startswith("__"):
        parts = file.relative_to(root).with_suffix("").parts
        importlib.import_module(".".join(["faststyle", *parts]))
"""
# What these change themselves when they are imported is theirs.
HEAVY = "import datasets, hydra, psutil, pytorch_lightning, tensorboard, torch.utils.tensorboard"


@pytest.mark.parametrize(
    ("libraries", "use", "changed"),
    [
        ("", USE, ""),
        (HEAVY, IMPORT_ALL, ""),
        ("", "torch.set_num_threads(3); random.random()", "random threads"),
    ],
    ids=["using a style", "importing every module", "a change is found"],
)
def test_the_process_is_as_before(
    libraries: str, use: str, changed: str, run_cli: RunCli, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="the extra `evaluate`")
    for name in ("photo.png", "photo.tif"):
        noise_picture(0).save(tmp_path / name)
    (tmp_path / "program.py").write_text(PROGRAM.format(libraries=libraries, use=use))
    outcome = run_cli("program")
    assert outcome.code == 0, outcome.err
    found, _, compared = outcome.out.strip().rpartition("compared ")
    assert found.strip() == changed
    assert int(compared) > 30
