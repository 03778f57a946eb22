"""The reference network: its parts by known counts, invariances, gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from specaug.errors import ArgumentError
from specaug.loader import compute_views
from specaug.model import ResNet18, TwoStreamNet


@pytest.fixture
def views():
    frames = torch.randint(
        0, 256, (3, 4, 48, 48, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    return compute_views(frames)


def made(**settings):
    torch.manual_seed(0)
    return TwoStreamNet(frames=4, width=4, **settings).eval()


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_resnet18_has_the_published_number_of_parameters():
    assert count(ResNet18(3, 64)) + count(nn.Linear(512, 1000)) == 11_689_512


def test_the_network_is_two_of_them_and_a_linear_layer():
    net = TwoStreamNet(frames=8, width=16)
    assert count(net) == count(ResNet18(6, 16)) + count(ResNet18(8, 16)) + 2 * 8 * 16 + 1
    assert net.views == ("rgb", "hsv", "spectrum")


def test_one_logit_a_clip(views):
    assert made()(**views).shape == (3,)


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({"streams": "color"}, ("rgb", "hsv")),
        ({"streams": "spectrum"}, ("spectrum",)),
        ({"hsv": False}, ("rgb", "spectrum")),
    ],
)
def test_streams_stand_alone(views, settings, needed):
    net = made(**settings)
    assert net.views == needed
    assert torch.equal(net(**views), net(**{name: views[name] for name in needed}))


def test_every_view_moves_the_logit(views):
    given = {name: view.float().requires_grad_() for name, view in views.items()}
    made()(**given).sum().backward()
    assert all(view.grad.abs().max() > 0 for view in given.values())


def test_the_colour_stream_does_not_ask_for_the_order_of_frames(views):
    net, turned = made(streams="color"), {name: view.flip(1) for name, view in views.items()}
    assert torch.allclose(net(**views), net(**turned), atol=1e-5)
    net = made(streams="spectrum")
    assert not torch.allclose(net(**views), net(**turned), atol=1e-3)


def test_bytes_and_floats_mean_the_same(views):
    assert torch.allclose(made()(**views), made()(**{**views, "rgb": views["rgb"] / 255}))


def test_clips_do_not_see_each_other_when_judged(views):
    net = made()
    alone = torch.cat([net(**{name: view[i : i + 1] for name, view in views.items()}) for i in range(3)])
    assert torch.allclose(net(**views), alone, atol=1e-5)


def test_the_same_seed_gives_the_same_network(views):
    assert torch.equal(made()(**views), made()(**views))


def test_inputs_are_standardised(views):
    net = made(streams="color").train()
    standardised = net.color[0](
        torch.cat([views["rgb"] / 255, views["hsv"]], dim=-1).movedim(-1, 2).flatten(0, 1)
    )
    assert torch.allclose(standardised.mean(dim=(0, 2, 3)), torch.zeros(6), atol=1e-3)
    assert torch.allclose(standardised.std(dim=(0, 2, 3)), torch.ones(6), atol=1e-2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spectrum": None}, r"spectrum: expected a tensor of shape \(B, 4, H, W\), got None"),
        (
            {"spectrum": torch.zeros(3, 8, 48, 48)},
            r"spectrum: expected shape \(B, 4, H, W\), got \(3, 8, 48, 48\)",
        ),
        (
            {"rgb": torch.zeros(3, 4, 3, 48, 48)},
            r"rgb: expected shape \(B, 4, H, W, 3\), got \(3, 4, 3, 48, 48\)",
        ),
    ],
)
def test_wrong_views_are_named(views, change, message):
    with pytest.raises(ArgumentError, match=message):
        made()(**{**views, **change})


def test_wrong_settings_are_named():
    with pytest.raises(ArgumentError, match="streams: expected both, color or spectrum, got 'rgb'"):
        TwoStreamNet(streams="rgb")
    with pytest.raises(ArgumentError, match="width: expected a whole number from 1, got 0"):
        TwoStreamNet(width=0)
    with pytest.raises(ArgumentError, match=r"width: expected a whole number from 1, got 1\.5"):
        TwoStreamNet(width=1.5)
    with pytest.raises(ArgumentError, match="frames: expected a whole number from 1, got '8'"):
        TwoStreamNet(frames="8")
