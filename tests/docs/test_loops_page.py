"""The adapters of the training loop page give what the three public loops unpack, in their conventions."""

from __future__ import annotations

import ast
import re

import cv2
import numpy as np
import pytest
from pages import python_blocks

import specaug

torch = pytest.importorskip("torch", reason="torch is an optional dependency")
DataLoader = torch.utils.data.DataLoader

PAGE = "docs/howto/training-loop.md"
ADAPTERS = ("silent_face", "cdcn", "fas_aug")


def functions():
    """Source of each function of the page, by name, and what the page imports."""
    found, imports = {}, []
    for code in python_blocks(PAGE):
        for node in ast.parse(code).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = ast.get_source_segment(code, node)
            elif isinstance(node, ast.Import | ast.ImportFrom) and not re.search(
                "lightning|torchvision|albumentations", ast.unparse(node)
            ):
                imports.append(ast.unparse(node))
    return found, "\n".join(imports)


SOURCES, IMPORTS = functions()
NAMES: dict = {}
exec("\n\n".join([IMPORTS, *SOURCES.values()]), NAMES)  # the page is ours


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_is_ten_lines_at_most(name):
    assert len(SOURCES[name].splitlines()) <= 10


@pytest.fixture
def batch():
    """Two clips of one frame: the first bona fide and red, with some texture."""
    frames = np.random.default_rng(0).integers(0, 100, (2, 1, 80, 80, 3), np.uint8)
    frames[0, ..., 0] += 150
    return {
        "rgb": torch.from_numpy(frames),
        "label": torch.tensor([0, 1]),
        "clip_id": ["a-0", "b-0"],
        "source_id": ["a", "b"],
    }


def test_silent_face_gets_bgr_of_255_the_fourier_image_of_its_loader_and_1_for_live(batch):
    sample, ft_sample, target = NAMES["silent_face"](batch)
    bgr = batch["rgb"][:, 0].numpy()[..., ::-1]
    np.testing.assert_array_equal(sample.numpy(), bgr.transpose(0, 3, 1, 2).astype(np.float32))
    assert sample.dtype == torch.float32
    for image, found in zip(bgr, ft_sample, strict=True):
        # log(1 + |F|) of grey levels, centred, from min + 1 to max + 1, reduced by OpenCV
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
        log = np.log(np.abs(np.fft.fftshift(np.fft.fft2(grey))) + 1)
        scaled = (log - log.min() + 1) / (log.max() - log.min() + 1)
        np.testing.assert_allclose(found[0].numpy(), cv2.resize(scaled, (10, 10)), atol=1e-5)
    assert ft_sample.shape == (2, 1, 10, 10)
    assert (target.tolist(), target.dtype) == ([1, 0], torch.int64)


def test_cdcn_gets_rgb_about_0_a_map_of_live_faces_and_labels_in_a_column(batch):
    batch["rgb"] = batch["rgb"].movedim(-1, 2)  # layout="channels_first"
    sample = NAMES["cdcn"](batch)
    values = batch["rgb"][:, 0].numpy().astype(np.float64)
    np.testing.assert_allclose(sample["image_x"].numpy(), (values - 127.5) / 128, atol=1e-6)
    assert sample["image_x"][0, 0].mean() > 0.5 > sample["image_x"][0, 2].mean()  # the first channel is red
    assert sample["map_x"].shape == (2, 32, 32)
    assert (sample["map_x"].mean((1, 2)).tolist(), sample["map_x"].dtype) == ([1.0, 0.0], torch.float32)
    assert sample["spoofing_label"].tolist() == [[1], [0]]


def test_fas_aug_gets_four_things_with_rgb_from_0_to_1(batch):
    batch["rgb"] = batch["rgb"].movedim(-1, 2)
    index, images, target, path = NAMES["fas_aug"](batch)
    np.testing.assert_allclose(images.numpy(), batch["rgb"][:, 0].numpy() / 255, atol=1e-7)
    assert (target["face_label"].tolist(), index, path) == ([1, 0], ["a-0", "b-0"], ["a", "b"])


def test_the_scale_of_a_face_is_drawn_between_its_limits_and_alike_for_all_frames():
    """A ramp from the crop's middle outwards: its largest value tells how much was cut."""
    ramp = np.abs(np.arange(200) - 99.5)
    clip = np.broadcast_to(ramp[None, :, None, None], (2, 200, 200, 3)).astype(np.uint8)
    shown = []
    for seed in range(40):
        scaled = NAMES["scaled"](clip, np.random.default_rng(seed))
        assert scaled.shape == (2, 256, 256, 3)
        np.testing.assert_array_equal(scaled[0], scaled[1])
        shown.append(scaled.max() / ramp.max())
    assert 0.78 < min(shown) < 0.85
    assert 0.95 < max(shown) <= 1


def losses(name, network, batch):
    """What each loop computes of a batch, with a network of one layer."""
    if name == "silent_face":
        sample, ft_sample, target = batch
        embedding, feature_map = network(sample)
        return torch.nn.functional.cross_entropy(embedding, target) + 5e-5 * torch.nn.functional.mse_loss(
            feature_map, ft_sample
        )
    if name == "cdcn":
        found = network(batch["image_x"])[1]
        found = torch.nn.functional.interpolate(found, (32, 32))[:, 0]
        return torch.nn.functional.mse_loss(found, batch["map_x"])
    _, images, target, _ = batch
    return torch.nn.functional.cross_entropy(network(images)[0], target["face_label"])


class Small(torch.nn.Module):
    """Class scores and a map of 10 by 10."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 3, 3)

    def forward(self, images):
        features = torch.nn.functional.adaptive_avg_pool2d(self.layer(images), (10, 10))
        return features.mean((2, 3)), features[:, :1]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", ADAPTERS)
def test_two_epochs_of_each_loop(name, workers, workplace):
    layout = "channels_last" if name == "silent_face" else "channels_first"
    transform = NAMES["scaled"] if name == "cdcn" else None
    settings = {"frames": 1, "frame_choice": "random", "layout": layout, "transform": transform, "seed": 3}
    clips = specaug.load(workplace / "out", split="train", shuffle=True, batch_size=2, **settings)
    loader = DataLoader(clips, batch_size=None, collate_fn=NAMES[name], num_workers=workers)
    network = Small()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-5)
    for _ in range(2):
        count = 0
        for batch in loader:
            loss = losses(name, network, batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            assert torch.isfinite(loss)
            count += 1
        assert count == len(loader) > 0
