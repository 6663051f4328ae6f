"""Edge cases of harmonising: each has a defined answer, or an error that says what was found."""

import math

import pytest
import torch

from hrgradlib import harmonize
from hrgradlib.optim import AXES

HARMONIES = [0.0, 0.5, 1.0]


def gram(*rows, dtype=torch.float64):
    gradients = torch.tensor(rows, dtype=torch.float64)
    return (gradients @ gradients.T).to(dtype)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("harmony", HARMONIES)
@pytest.mark.parametrize("square", [1e-60, 1.0, 7.3, 1e60])
def test_one_task_is_plain_gradient_descent(square, harmony, axis):
    found = harmonize(torch.tensor([[square]], dtype=torch.float64), harmony, axis)
    assert float(found.weights) == pytest.approx(1.0, rel=1e-15)
    assert float(found.cosine) == 1.0
    assert float(found.angle) == float(found.rotated_to) == 0.0
    assert float(found.alignment) == float(found.worst_pair) == 1.0
    assert not found.stationary


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("harmony", HARMONIES)
@pytest.mark.parametrize("tasks", [1, 2, 5])
def test_all_at_rest(tasks, harmony, axis):
    found = harmonize(torch.zeros(tasks, tasks, dtype=torch.float64), harmony, axis)
    assert found.stationary
    assert found.weights.tolist() == [0.0] * tasks
    assert float(found.cosine) == 0.0
    assert float(found.angle) == pytest.approx(math.pi / 2)
    assert all(bool(field.isfinite().all()) for field in found)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("harmony", HARMONIES)
def test_a_task_at_rest_is_left_out(harmony, axis):
    moving = gram([1.0, 0.2, 0.0], [-2.0, 1.0, 0.5])
    with_rest = gram([1.0, 0.2, 0.0], [0.0, 0.0, 0.0], [-2.0, 1.0, 0.5])
    expected, found = harmonize(moving, harmony, axis), harmonize(with_rest, harmony, axis)
    assert found.weights[1] == 0
    torch.testing.assert_close(found.weights[[0, 2]], expected.weights)
    for name in ("cosine", "angle", "rotated_to", "alignment", "worst_pair"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("harmony", HARMONIES)
@pytest.mark.parametrize("ratio", [1.0, 1e-12, 1e12])
def test_exact_opposition_is_stationary(ratio, harmony, axis):
    for others in ([], [[0.0, 1.0]], [[1.0, 1.0], [0.3, -2.0]]):
        found = harmonize(gram([1.0, 0.0], *others, [-ratio, 0.0]), harmony, axis)
        assert found.stationary
        assert (found.weights == 0).all()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("angle", [1e-3, 1e-5])
def test_near_opposition_still_descends(angle, axis):
    """Two units that miss opposition by a small angle share the direction of half that angle."""
    found = harmonize(gram([1.0, 0.0], [-math.cos(angle), math.sin(angle)]), 1.0, axis)
    assert not found.stationary
    assert float(found.cosine) == pytest.approx(math.sin(angle / 2), rel=1e-4)


@pytest.mark.parametrize("distance", [1e-5, 1e-6, 1e-7, 1e-8])
def test_promise_allows_for_rounding(distance):
    """Gradients nearly equal: the axis has large coefficients, the Gramian few of their digits."""
    vectors = torch.randn(200, 6, 40, dtype=torch.float64)
    vectors[:, 3:] = vectors[:, :3] + distance * vectors[:, 3:]
    units = vectors / vectors.norm(dim=-1, keepdim=True)
    found = harmonize(units @ units.mT, 1.0)
    cosines = units @ torch.nn.functional.normalize(found.weights[:, None] @ units, dim=-1).mT
    assert (cosines.amin((1, 2)) - found.cosine).min() > -1e-7
    assert found.cosine.min() > 0.1


def test_three_at_120_degrees_are_stationary():
    root = math.sqrt(3) / 2
    assert harmonize(gram([5.0, 0.0], [-0.5, root], [-0.1, -0.2 * root])).stationary


@pytest.mark.parametrize("axis", AXES)
def test_duplicates_count_as_one_direction(axis):
    single = harmonize(gram([1.0, 0.0], [-1.0, 1.0]), 1.0, axis)
    doubled = harmonize(gram([1.0, 0.0], [-1.0, 1.0], [-1.0, 1.0]), 1.0, axis)
    torch.testing.assert_close(doubled.cosine, single.cosine)
    direction = torch.tensor([[1.0, 0.0], [-1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64)
    before, after = single.weights @ direction[:2], doubled.weights @ direction
    torch.testing.assert_close(after / after.norm(), before / before.norm())


@pytest.mark.parametrize("harmony", HARMONIES)
def test_more_tasks_than_dimensions_fall_back_to_the_best_worst_cosine(harmony):
    """Three different units in a plane have no equiangular axis inside it."""
    gramian = gram([1.0, 0.1], [0.2, 1.0], [-0.4, 1.0])
    for one, other in zip(
        harmonize(gramian, harmony, "equiangular"),
        harmonize(gramian, harmony, "maxmin"),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype):
    found = harmonize(gram([1.0, 0.0], [-0.5, 2.0], dtype=dtype))
    assert found.stationary.dtype == torch.bool
    assert all(field.dtype == dtype for field in found[:-1])


@pytest.mark.parametrize("harmony", HARMONIES)
def test_float32_differs_by_its_rounding(harmony):
    gramian = gram([1.0, 0.0, 0.3], [-0.5, 2.0, 0.1], [0.1, -0.6, 0.8])
    exact, rounded = harmonize(gramian, harmony), harmonize(gramian.float(), harmony)
    for one, other in zip(exact, rounded, strict=True):
        torch.testing.assert_close(other.to(one), one, rtol=1e-5, atol=1e-5)


def test_device_and_leading_dimensions_are_kept(device, dtype):
    gramian = gram([1.0, 0.0], [-0.5, 2.0], dtype=dtype).to(device).expand(2, 3, 2, 2)
    found = harmonize(gramian)
    assert found.weights.shape == (2, 3, 2)
    assert all(field.shape == (2, 3) for field in found[1:])
    assert all(field.device.type == device.type for field in found)


def test_empty_batch():
    assert harmonize(torch.zeros(0, 3, 3)).weights.shape == (0, 3)


def test_argument_is_left_alone_and_needs_no_gradient():
    gramian = gram([1.0, 0.0], [-0.5, 2.0]).requires_grad_()
    before = gramian.detach().clone()
    assert not harmonize(gramian).weights.requires_grad
    assert torch.equal(gramian.detach(), before)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("task", [0, 2])
def test_not_finite_names_the_task(value, task):
    gramian = torch.eye(4, dtype=torch.float64)
    gramian[task, :] = gramian[:, task] = value
    with pytest.raises(ValueError, match=rf"NaN or inf in the Gramian of task\(s\) \[{task}\]"):
        harmonize(gramian)


def test_not_finite_between_two_tasks_names_both():
    gramian = torch.eye(4, dtype=torch.float64)
    gramian[1, 3] = gramian[3, 1] = math.nan
    with pytest.raises(ValueError, match=r"task\(s\) \[1, 3\]"):
        harmonize(gramian)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (0, 0), (), (4, 3, 2)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"gramian.shape = .*expected \(..., K, K\)"):
        harmonize(torch.ones(shape))


@pytest.mark.parametrize("wrong", [[[1.0]], torch.ones(2, 2, dtype=torch.int64), None])
def test_wrong_kind(wrong):
    with pytest.raises(ValueError, match="expected a floating-point Tensor"):
        harmonize(wrong)


@pytest.mark.parametrize("harmony", [-0.1, 1.1, math.nan, math.inf])
def test_wrong_harmony(harmony):
    with pytest.raises(ValueError, match=r"harmony = .*expected a number in \[0, 1\]"):
        harmonize(torch.eye(2), harmony)


def test_wrong_axis():
    with pytest.raises(ValueError, match="axis = 'middle'; expected one of .*equiangular"):
        harmonize(torch.eye(2), 0.5, "middle")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 0.5], [0.4, 1.0]], "not symmetric"),
        ([[1.0, 1.5], [1.5, 1.0]], "cosine exceeds one"),
        ([[1.0, 0.0], [0.0, -1.0]], r"negative squared norm of task\(s\) \[1\]"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_not_a_gramian(rows, message, dtype):
    with pytest.raises(ValueError, match=message):
        harmonize(torch.tensor(rows, dtype=dtype))


def test_weights_beyond_the_dtype():
    """κ = 1 lifts a task of norm 1e-19 to the other's 1e19 at weight 1e38, too much for four."""
    gramian = torch.tensor([[1e-44, 0.0], [0.0, 1e38]], dtype=torch.float32)
    with pytest.raises(ValueError, match="exceeds the range of torch.float32.*float64"):
        harmonize(gramian, 1.0)
    assert harmonize(gramian.double(), 1.0).weights.isfinite().all()
