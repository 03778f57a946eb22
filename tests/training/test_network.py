"""The reference network taken apart: sizes of its stages, its first weights, and how its two streams are joined."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from specaug.errors import ArgumentError
from specaug.model import Block, ResNet18, TwoStreamNet


def images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def views(frames=2, size=32, batch=2, seed=0):
    rgb = images(batch, frames, size, size, 3, seed=seed)
    return {
        "rgb": rgb,
        "hsv": images(batch, frames, size, size, 3, seed=seed + 1),
        "spectrum": 5 * images(batch, frames, size, size, seed=seed + 2),
    }


def made(**settings):
    torch.manual_seed(2)
    return TwoStreamNet(**{"frames": 2, "width": 2, **settings}).eval()


class TestBlock:
    @pytest.mark.parametrize(
        ("inputs", "outputs", "stride", "projected"),
        [(4, 4, 1, False), (4, 8, 1, True), (4, 4, 2, True), (4, 8, 2, True)],
    )
    def test_the_shortcut_is_a_projection_only_where_shapes_differ(self, inputs, outputs, stride, projected):
        block = Block(inputs, outputs, stride).eval()
        assert (len(block.shortcut) > 0) == projected
        assert block(images(2, inputs, 9, 8)).shape == (2, outputs, -(-9 // stride), -(-8 // stride))

    def test_without_a_body_it_is_its_input_where_that_is_positive(self):
        block = Block(3, 3, 1).eval()
        nn.init.zeros_(block.body[-1].weight)
        x = images(1, 3, 5, 5) - 0.5
        torch.testing.assert_close(block(x), x.clamp(min=0))


class TestResNet:
    def test_stages_double_their_channels_and_halve_their_size(self):
        net = ResNet18(3, 4).eval()
        x = net.stem(images(1, 3, 64, 96))
        assert x.shape == (1, 4, 16, 24)
        shapes = [tuple((x := stage(x)).shape[1:]) for stage in net.stages]
        assert shapes == [(4, 16, 24)] * 2 + [(8, 8, 12)] * 2 + [(16, 4, 6)] * 2 + [(32, 2, 3)] * 2
        assert net(images(5, 3, 64, 96)).shape == (5, 32)

    def test_first_weights_have_the_spread_of_he_et_al_over_outputs(self):
        torch.manual_seed(0)
        convolutions = [m for m in ResNet18(3, 32).modules() if isinstance(m, nn.Conv2d)]
        assert len(convolutions) == 1 + 16 + 3
        for conv in convolutions:
            wanted = math.sqrt(2 / (conv.out_channels * conv.kernel_size[0] * conv.kernel_size[1]))
            assert conv.weight.std().item() == pytest.approx(wanted, rel=0.06)
            assert conv.bias is None


class TestStreams:
    def test_the_logit_is_the_sum_of_one_of_each_stream(self):
        net, given = made(), views()
        features = 8 * 2
        whole = net(**given)
        weight, bias = net.classifier.weight, net.classifier.bias
        assert weight.shape == (1, 2 * features)
        spectrum = net.spectrum(given["spectrum"]) @ weight[0, features:]
        with torch.no_grad():
            weight[0, features:] = 0
        colour = net(**given)
        torch.testing.assert_close(whole, colour + spectrum)
        with torch.no_grad():
            weight.zero_()
        torch.testing.assert_close(net(**given), bias.expand(2))

    def test_colours_of_a_clip_are_judged_frame_by_frame_and_averaged(self):
        net, given = made(streams="color", frames=3), views(frames=3)
        one = made(streams="color", frames=1)
        one.load_state_dict(net.state_dict())
        each = [one(rgb=given["rgb"][:, i : i + 1], hsv=given["hsv"][:, i : i + 1]) for i in range(3)]
        torch.testing.assert_close(net(**given), torch.stack(each).mean(dim=0))

    def test_channels_are_those_of_rgb_then_hsv(self):
        """With weights of zero for the last three channels of the first layer, HSV is not seen; RGB is."""
        net, given = made(streams="color"), views()
        with torch.no_grad():
            net.color[1].stem[0].weight[:, 3:] = 0
        other = views(seed=7)
        torch.testing.assert_close(net(given["rgb"], other["hsv"]), net(given["rgb"], given["hsv"]))
        assert not torch.allclose(net(other["rgb"], given["hsv"]), net(given["rgb"], given["hsv"]))

    @pytest.mark.parametrize(
        ("settings", "names", "channels"),
        [
            ({}, ("rgb", "hsv", "spectrum"), (6, 2)),
            ({"hsv": False}, ("rgb", "spectrum"), (3, 2)),
            ({"streams": "color"}, ("rgb", "hsv"), (6, None)),
            ({"streams": "color", "hsv": False}, ("rgb",), (3, None)),
            ({"streams": "spectrum", "frames": 5}, ("spectrum",), (None, 5)),
        ],
    )
    def test_each_has_the_channels_of_what_it_sees(self, settings, names, channels):
        net = made(**settings)
        assert net.views == names
        streams = [stream and stream[1].stem[0].in_channels for stream in (net.color, net.spectrum)]
        assert tuple(streams) == channels
        assert net.classifier.in_features == 16 * sum(n is not None for n in channels)

    def test_standardisation_learns_nothing(self):
        net = made()
        assert not any(name.startswith(("color.0", "spectrum.0")) for name, _ in net.named_parameters())
        assert net.color[0].running_mean.shape == (6,)

    @pytest.mark.parametrize("size", [32, 48])
    def test_any_size_of_frames_gives_one_logit_a_clip(self, size):
        assert made()(**views(size=size, batch=3)).shape == (3,)


class TestRefusals:
    @pytest.mark.parametrize("name", ["rgb", "hsv", "spectrum"])
    def test_a_view_that_is_needed_is_named_with_its_shape(self, name):
        given = views()
        del given[name]
        shape = "H, W" if name == "spectrum" else "H, W, 3"
        with pytest.raises(
            ArgumentError, match=rf"^{name}: expected a tensor of shape \(B, 2, {shape}\), got None$"
        ):
            made()(**given)

    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("rgb", (2, 3, 32, 32, 3)),
            ("rgb", (2, 2, 32, 32, 4)),
            ("rgb", (2, 32, 32, 3)),
            ("hsv", (2, 2, 32, 32, 1)),
            ("spectrum", (2, 2, 32, 32, 3)),
            ("spectrum", (2, 1, 32, 32)),
            ("spectrum", (2, 32, 32)),
        ],
    )
    def test_a_view_of_another_shape_is_quoted(self, name, shape):
        with pytest.raises(
            ArgumentError, match=rf"^{name}: expected shape \(B, 2, .*\), got \({shape[0]}, {shape[1]}, "
        ):
            made()(**{**views(), name: torch.zeros(shape)})

    @pytest.mark.parametrize("name", ["frames", "width"])
    @pytest.mark.parametrize("value", [0, -1, 2.0, "2", None])
    def test_numbers_are_whole_and_from_one(self, name, value):
        with pytest.raises(ArgumentError, match=rf"^{name}: expected a whole number from 1, got {value!r}$"):
            TwoStreamNet(**{name: value})

    @pytest.mark.parametrize("streams", ["colour", "", None, "Both"])
    def test_streams_are_both_or_one(self, streams):
        with pytest.raises(
            ArgumentError, match=rf"^streams: expected both, color or spectrum, got {streams!r}$"
        ):
            TwoStreamNet(2, 2, streams=streams)
