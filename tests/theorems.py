"""What an axis promises, as assertions: one function for each property of chapters 7 and 8.

Each is given an axis' name and well-conditioned problems (``gramians.regular_batches``).
"""

import numpy as np
import torch
from gramians import Batch, normalised

from hrgradlib.optim import Property, StepRefused, harmonize


def directions(batch, weights):
    return normalised(batch.direction(weights))


def share(axis, batch, harmony):
    found = harmonize(batch.gramian, harmony, axis)
    worst = batch.cosines_to(batch.direction(found.weights)).min(-1)
    assert (worst >= harmony * found.cosine.numpy() - 1e-12).all()


def equal_cosines(axis, batch, harmony):
    cosines = batch.cosines_to(batch.direction(harmonize(batch.gramian, 1.0, axis).weights))
    assert np.ptp(cosines, axis=-1).max() < 1e-11


def best_worst_cosine(axis, batch, harmony):
    direction = directions(batch, harmonize(batch.gramian, 1.0, axis).weights)
    worst = batch.cosines_to(direction).min(-1)
    # Any mixture of the gradients bounds it: min_j d·û_j ≤ d·Σ λ_j û_j ≤ ‖Σ λ_j û_j‖.
    rivals = [harmonize(batch.gramian, 1.0, other).weights for other in ("equiangular", "maxmin")]
    rng = np.random.default_rng(0)
    nearby = [direction + 0.1 * normalised(rng.normal(size=direction.shape)) for _ in range(20)]
    for rival in [*(directions(batch, w) for w in rivals), *nearby]:
        assert (batch.cosines_to(rival).min(-1) <= worst + 1e-9).all()


def eigenvalue_floor(axis, batch, harmony):
    cosine = harmonize(batch.gramian, 1.0, axis).cosine.numpy()
    smallest = np.linalg.eigvalsh(batch.cosines)[:, 0]
    assert (cosine**2 >= smallest / batch.tasks - 1e-12).all()


def in_cone(axis, batch, harmony):
    found = harmonize(batch.gramian, harmony, axis)
    parts = found.weights * torch.from_numpy(batch.norms)
    assert (parts >= -1e-12 * parts.abs().amax(-1, keepdim=True)).all()


def any_number(axis, batch, harmony):
    """Forty tasks, in dimensions enough: the first batch is there for its seed alone."""
    seed = int(1e6 * batch.norms[0, 0]) % 2**32
    many = torch.from_numpy(np.random.default_rng(seed).normal(size=(40, 60)))
    try:
        harmonize(many @ many.T, harmony, axis)
    except StepRefused as refused:
        raise AssertionError from refused


def untouched(axis, batch, harmony):
    found = harmonize(batch.gramian, harmony, axis)
    total = batch.cosines_to(batch.direction(torch.ones(batch.norms.shape))).min(-1)
    kept = total - harmony * found.cosine.numpy()
    if harmony < 1:
        assert (found.weights[kept > 1e-7] == 1).all()
    assert not (found.weights[kept < -1e-7] == 1).all(-1).any()


def any_loss_scale(axis, batch, harmony):
    factors = 10.0 ** np.random.default_rng(0).uniform(-3, 3, batch.norms.shape)
    scaled = Batch(batch.units, batch.norms * factors)
    one, other = (directions(b, harmonize(b.gramian, 1.0, axis).weights) for b in (batch, scaled))
    assert ((one * other).sum(-1) > 1 - 1e-9).all()


def task_order(axis, batch, harmony):
    turned = Batch(batch.units[:, ::-1], batch.norms[:, ::-1])
    one, other = (
        directions(b, harmonize(b.gramian, harmony, axis).weights) for b in (batch, turned)
    )
    assert ((one * other).sum(-1) > 1 - 1e-9).all()


def descent(axis, batch, harmony):
    """To first order; the learning rate that suffices is P7's."""
    if harmony > 0:
        found = harmonize(batch.gramian, harmony, axis)
        assert (batch.cosines_to(batch.direction(found.weights)) > 0).all()


THEOREMS = {
    Property.SHARE: share,
    Property.EQUAL_COSINES: equal_cosines,
    Property.BEST_WORST_COSINE: best_worst_cosine,
    Property.EIGENVALUE_FLOOR: eigenvalue_floor,
    Property.IN_CONE: in_cone,
    Property.ANY_NUMBER: any_number,
    Property.UNTOUCHED: untouched,
    Property.ANY_LOSS_SCALE: any_loss_scale,
    Property.TASK_ORDER: task_order,
    Property.DESCENT: descent,
}
