"""Array checks and conversions: what is accepted, what is refused by name, and in which dtype it is calculated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specaug.arrays import (
    as_dtype,
    as_floats,
    at_least,
    check_array,
    check_axis,
    check_flag,
    check_image,
    check_number,
    check_numbers,
    check_values,
    check_whole,
    is_double,
    like,
    quoted,
    times,
    to_float,
    to_unit,
    white,
)
from specaug.errors import ArgumentError

torch = pytest.importorskip("torch", reason="torch is an optional dependency")

libraries = pytest.mark.parametrize("library", [np, torch], ids=["numpy", "torch"])


def name_of(array):
    return str(array.dtype).removeprefix("torch.")


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), np.float16(0.5), torch.tensor([0.5])[0]]
)
def test_one_number_of_any_kind_is_taken_as_a_float(value):
    number = check_number("gain", value, low=0.0)
    assert type(number) is float
    assert number == 0.5


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, "0.5", None, [0.5], (0.5,), np.array([0.5]), torch.ones(1)),
        *(b"1", bytearray(b"1"), 1j, np.complex64(1), np.datetime64(1, "s")),
        *(np.True_, np.array(True), torch.tensor(True)),
    ],
)
def test_what_is_not_one_number_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^gain: expected a number, got "):
        check_number("gain", value, low=0.0)


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        (-1.0, True),
        (3.0, True),
        (np.nextafter(-1.0, -2), False),
        (np.nextafter(3.0, 4), False),
        (math.nan, False),
        (math.inf, False),
        (-math.inf, False),
    ],
)
def test_both_limits_of_a_number_belong_to_it(value, inside):
    if inside:
        assert check_number("gain", value, low=-1.0, high=3.0) == value
        return
    with pytest.raises(ArgumentError, match=r"gain: expected a number in \[-1, 3\], got "):
        check_number("gain", value, low=-1.0, high=3.0)


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**6000], ids=["400", "-400", "6000 digits"])
def test_integers_beyond_floats_are_out_of_range(value):
    with pytest.raises(ArgumentError, match=r"^gain: expected a number in \[0, inf\], got .{1,100}$"):
        check_number("gain", value, low=0.0)


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int8(3), torch.tensor(3), np.array(3.0)])
def test_whole_numbers_of_any_kind_become_integers(value):
    number = check_whole("seed", value, low=0, high=3)
    assert (type(number), number) == (int, 3)


def test_a_seed_of_63_bits_keeps_every_digit():
    assert check_whole("seed", 2**62 + 1, low=0, high=2**63) == 2**62 + 1


@pytest.mark.parametrize("value", [2.5, "3", b"3", None, True, 4, -1, [3], math.nan, 10**400])
def test_what_is_no_whole_number_in_the_limits_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^seed: expected a (whole )?number"):
        check_whole("seed", value, low=0, high=3)


@pytest.mark.parametrize("values", [0.5, "12", None, (), [], np.array(1.0), {1.0}])
def test_what_is_no_sequence_of_numbers_is_refused(values):
    with pytest.raises(ArgumentError, match=r"^tint: expected a sequence of numbers, got "):
        check_numbers("tint", values, low=0.0)


def test_sequences_of_numbers_become_tuples_of_floats():
    assert check_numbers("tint", np.array([1, 2]), low=0.0) == (1.0, 2.0)
    with pytest.raises(ArgumentError, match=r"^tint: expected a number in \[0, 1\], got 2"):
        check_numbers("tint", [1, 2], low=0.0, high=1.0)


@pytest.mark.parametrize("value", [1, 0, "yes", None, np.ones(1, bool)])
def test_only_true_and_false_are_flags(value):
    check_flag("guard", np.True_)
    with pytest.raises(ArgumentError, match=r"^guard: expected True or False, got "):
        check_flag("guard", value)


def test_a_message_quotes_no_more_than_a_line():
    assert quoted("a" * 1000) == "'" + "a" * 78 + "…"
    assert quoted(10**6000) == "an integer of 19932 bits"


def test_a_number_without_an_upper_limit_is_still_finite():
    assert check_number("gain", 1e300, low=0.0) == 1e300
    with pytest.raises(ArgumentError, match=r"gain: expected a number in \[0, inf\], got inf"):
        check_number("gain", math.inf, low=0.0)


@pytest.mark.parametrize(
    ("axis", "ndim", "expected"),
    [(None, 3, None), (0, 3, -3), (2, 3, -1), (-3, 3, -3), (-1, 3, -1), (np.int64(1), 4, -3)],
)
def test_axes_are_counted_from_the_end(axis, ndim, expected):
    assert check_axis(axis, ndim) == expected
    assert check_axis(axis, ndim) is None or type(check_axis(axis, ndim)) is int


@pytest.mark.parametrize(
    ("axis", "match"),
    [
        (3, "channel_axis: expected -3 to 2 for 3 axes, got 3"),
        (-4, "channel_axis: expected -3 to 2 for 3 axes, got -4"),
        (True, "channel_axis: expected an integer or None, got True"),
        (1.0, r"channel_axis: expected an integer or None, got 1\.0"),
        ("1", "channel_axis: expected an integer or None, got '1'"),
    ],
)
def test_what_is_no_axis_is_refused(axis, match):
    with pytest.raises(ArgumentError, match=match):
        check_axis(axis, 3)


def test_an_axis_is_called_what_the_caller_calls_it():
    with pytest.raises(ArgumentError, match=r"^clip_axis: expected -3 to 2 for 3 axes, got 5"):
        check_axis(5, 3, "clip_axis")


@libraries
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("batch", [(), (2,), (2, 5)])
def test_channels_first_images_are_refused_where_channels_come_last(library, batch, channels):
    image = library.zeros((*batch, channels, 16, 18))
    axis = rf"pass channel_axis=-3, or channel_axis={image.ndim - 1} if these are 18 channels$"
    with pytest.raises(
        ArgumentError, match=rf"^image: expected 1, 3 or 4 channels on axis -1, got .*: {axis}"
    ):
        check_image("image", image)
    check_image("image", image, channel_axis=-3)
    check_image("image", image, channel_axis=image.ndim - 1)


@libraries
def test_channels_last_images_are_refused_where_channels_come_first(library):
    image = library.zeros((2, 16, 18, 3))
    with pytest.raises(
        ArgumentError, match=r"^donor: expected 3 channels on axis -3, .*: pass channel_axis=-1$"
    ):
        check_image("donor", image, channel_axis=-3, channels=3)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((8, 16, 18, 3), -1),  # a clip
        ((3, 18, 3), -1),  # three rows
        ((16, 18, 1), -1),  # grey
        ((4, 18, 2), -1),  # grey and depth
        ((3, 18), None),  # a plane
        ((16, 18, 8), -1),  # many bands
        ((3, 16, 18), 0),
        ((16, 3, 18), 1),
        ((5, 16, 18), -3),
        ((3, 18, 9), 2),  # nine bands of three rows, said so
    ],
)
def test_every_other_layout_is_taken(shape, axis):
    check_image("image", np.zeros(shape), channel_axis=axis)


def test_tensors_without_values_are_refused():
    with pytest.raises(
        ArgumentError, match=r"^image: expected a tensor that has values, got one on the meta device"
    ):
        check_array("image", torch.zeros((4, 4, 3), device="meta"))


@libraries
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_pictures_may_be_bytes_or_floats(library, dtype):
    check_array("image", library.zeros((2, 2), dtype=getattr(library, dtype)))


@libraries
@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "complex64"])
def test_other_dtypes_are_named(library, dtype):
    array = library.zeros((2, 2), dtype=getattr(library, dtype))
    with pytest.raises(ArgumentError, match=rf"^donor: expected dtype uint8 or .*float64, got {dtype}"):
        check_array("donor", array)


@libraries
@pytest.mark.parametrize(
    ("dtype", "casts"), [("int64", True), ("uint16", True), ("bool", False), ("complex64", False)]
)
def test_whole_numbers_are_told_how_to_become_an_image(library, dtype, casts):
    array = library.zeros((2, 2), dtype=getattr(library, dtype))
    cast = "donor.astype('uint8')" if library is np else "donor.to(torch.uint8)"
    with pytest.raises(ArgumentError) as error:
        check_array("donor", array)
    assert str(error.value).endswith(f"; where values are 0 to 255: {cast}") == casts


@pytest.mark.parametrize(
    ("shape", "axis", "match"),
    [
        ((4, 4), None, None),
        ((4,), None, r"expected shape \(…, H, W\), got \(4,\)"),
        ((4, 4, 1), -1, None),
        ((4, 4), -1, r"expected shape \(…, H, W, C\), got \(4, 4\)"),
        ((0, 4, 4, 3), -1, None),
        ((2, 0, 4, 3), -1, r"expected at least one pixel, got shape \(2, 0, 4, 3\)"),
        ((2, 4, 0, 3), -1, r"expected at least one pixel, got shape \(2, 4, 0, 3\)"),
        ((2, 4, 4, 0), -1, r"expected at least one pixel, got shape \(2, 4, 4, 0\)"),
        ((3, 0, 4, 4), 0, None),
        ((3, 2, 4, 0), 0, r"expected at least one pixel"),
        ((0, 2, 4, 4), 0, r"expected at least one pixel"),
        ((4, 3, 0), 1, r"expected at least one pixel"),
    ],
)
def test_a_batch_may_be_empty_and_a_picture_may_not(shape, axis, match):
    if match is None:
        check_image("image", np.zeros(shape), channel_axis=axis)
        return
    with pytest.raises(ArgumentError, match=match):
        check_image("image", np.zeros(shape), channel_axis=axis)


def test_the_number_of_channels_is_checked_where_it_matters():
    check_image("image", np.zeros((3, 5, 4)), channel_axis=0, channels=3)
    with pytest.raises(ArgumentError, match=r"image: expected 3 channels on axis 1, got shape \(3, 5, 4\)"):
        check_image("image", np.zeros((3, 5, 4)), channel_axis=1, channels=3)


@libraries
@pytest.mark.parametrize(
    ("low", "high", "remedy"),
    [
        (-1.0, 2.0, None),
        (-1.001, 0.0, "undo the normalisation"),
        (0.0, 2.001, "undo the normalisation"),
        (0.0, 255.0, "divide by 255"),
        (-2.1, 2.6, "undo the normalisation"),
    ],
)
def test_overshoot_passes_and_other_units_do_not(library, low, high, remedy):
    values = library.asarray([[low, high]])
    check_values("image", values, unit=False)  # finite, which is all that is asked then
    if remedy is None:
        check_values("image", values)
        return
    expected = rf"^image: expected floats in \[0, 1\], got values from {low:g} to {high:g}: {remedy} first$"
    with pytest.raises(ArgumentError, match=expected):
        check_values("image", values)


@libraries
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("unit", [False, True])
def test_one_bad_value_among_many_is_seen(library, bad, unit):
    values = library.zeros((5, 7))
    values[3, 2] = bad
    with pytest.raises(ArgumentError, match="image: expected finite numbers, got values from"):
        check_values("image", values, unit=unit)


def test_bytes_and_empty_batches_hold_nothing_bad():
    check_values("image", np.full((2, 2), 255, np.uint8), unit=True)
    check_values("image", np.empty((0, 2, 2)), unit=True)


@libraries
@pytest.mark.parametrize(
    ("dtype", "level", "floats"),
    [
        ("uint8", 255, "float32"),
        ("float16", 1, "float32"),
        ("float32", 1, "float32"),
        ("float64", 1, "float64"),
    ],
)
def test_floats_to_calculate_with(library, dtype, level, floats):
    image = library.full((2, 3), level, dtype=getattr(library, dtype))
    assert white(image) == level
    assert name_of(to_float(image)) == name_of(to_unit(image)) == floats
    assert float(to_float(image)[0, 0]) == level
    assert float(to_unit(image)[0, 0]) == 1
    assert float(image[0, 0]) == level  # what went in is as it was
    assert is_double(image) == (dtype == "float64")
    assert name_of(like(np.zeros(2), image)) == floats


def test_bfloat16_is_calculated_in_float32():
    image = torch.full((2, 3), 0.5, dtype=torch.bfloat16)
    assert name_of(to_float(image)) == name_of(like(np.zeros(2), image)) == "float32"
    assert name_of(as_dtype(torch.zeros(2), image)) == "bfloat16"


def test_every_level_of_a_byte_becomes_its_share_of_white():
    levels = np.arange(256, dtype=np.uint8)
    expected = np.arange(256) / 255
    np.testing.assert_allclose(to_unit(levels), expected, rtol=2**-23)
    np.testing.assert_allclose(to_unit(torch.asarray(levels)), expected, rtol=2**-23)


def test_values_that_are_shared_are_copied_for_tensors():
    table = np.arange(3.0)
    table.flags.writeable = False
    tensor = like(table, torch.zeros(1, dtype=torch.float64))
    tensor += 1
    assert table.tolist() == [0, 1, 2]


@libraries
def test_bytes_are_rounded_to_even_and_clipped(library):
    values = library.asarray([-0.6, -0.5, 0.5, 1.5, 2.4999, 254.5, 255.4, 300.0])
    out = as_dtype(values, library.zeros(1, dtype=library.uint8))
    assert name_of(out) == "uint8"
    assert out.tolist() == [0, 0, 0, 2, 2, 254, 255, 255]


@libraries
def test_floats_are_only_converted(library):
    values = library.asarray([-0.5, 1.5], dtype=library.float64)
    assert as_dtype(values, values) is values
    half = as_dtype(values, library.zeros(1, dtype=library.float16))
    assert (name_of(half), half.tolist()) == ("float16", [-0.5, 1.5])


@libraries
@pytest.mark.parametrize(
    ("image", "expected"),
    [("uint8", "float64"), ("float16", "float16"), ("float32", "float32"), ("float64", "float64")],
)
def test_a_measurement_has_the_dtype_of_a_float_picture(library, image, expected):
    values = library.ones(2, dtype=library.float64)
    assert name_of(as_floats(values, library.zeros(1, dtype=getattr(library, image)))) == expected


def test_arrays_are_worked_on_in_place_and_tensors_are_not():
    array = np.array([-2.0, 3.0])
    assert times(array, 2.0) is array
    assert at_least(array, -1.0) is array
    assert array.tolist() == [-1, 6]
    tensor = torch.tensor([-2.0, 3.0])
    assert times(tensor, 2.0).tolist() == [-4, 6]
    assert at_least(tensor, -1.0).tolist() == [-1, 3]
    assert tensor.tolist() == [-2, 3]
