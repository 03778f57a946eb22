"""The reference network: its parts by known counts, invariances, gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

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


def reference_resnet18(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """ResNet18 of He et al. 2016 written out with functions, in evaluation mode, from the weights alone."""

    def bn(x, name):
        w = {part: state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")}
        return functional.batch_norm(x, w["running_mean"], w["running_var"], w["weight"], w["bias"])

    def conv(x, name, stride, padding):
        return functional.conv2d(x, state[f"{name}.weight"], stride=stride, padding=padding)

    x = functional.max_pool2d(functional.relu(bn(conv(x, "stem.0", 2, 3), "stem.1")), 3, 2, 1)
    for number, stride in enumerate((1, 1, 2, 1, 2, 1, 2, 1)):
        block = f"stages.{number}"
        y = functional.relu(bn(conv(x, f"{block}.body.0", stride, 1), f"{block}.body.1"))
        y = bn(conv(y, f"{block}.body.3", 1, 1), f"{block}.body.4")
        if f"{block}.shortcut.0.weight" in state:
            x = bn(conv(x, f"{block}.shortcut.0", stride, 0), f"{block}.shortcut.1")
        x = functional.relu(x + y)
    return x.mean((2, 3))


def test_resnet18_computes_what_the_paper_says():
    generator = torch.Generator().manual_seed(3)
    net = ResNet18(3, 8).eval()
    for name, value in net.state_dict().items():  # statistics that do something
        if name.endswith(("running_mean", "bias")):
            value.normal_(0, 0.3, generator=generator)
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
    x = torch.randn(2, 3, 64, 64, generator=generator)
    expected = reference_resnet18(net.state_dict(), x)
    assert expected.std() > 0.01
    torch.testing.assert_close(net(x), expected, rtol=1e-4, atol=1e-5)
