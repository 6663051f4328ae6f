"""P8: full harmony in the identity metric is ConFIG (arXiv 2408.11104), as others compute it."""

from contextlib import contextmanager

import numpy as np
import torch
from conflictfree.grad_operator import ConFIG_update
from gramians import Batch, many, on_ten_thousand, regular_batches, tally
from hypothesis import given
from hypothesis import strategies as st
from torchjd.aggregation import ConFIG

from hrgradlib import harmonize


@contextmanager
def default_dtype(dtype):
    """The authors' code makes its weights in the default dtype, whatever the gradients are."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def with_duplicates(batch, seed):
    """Some gradients again, with other norms: the cosine matrix is singular."""
    rng = np.random.default_rng(seed)
    again = rng.integers(0, batch.tasks, rng.integers(0, 4))
    units = np.concatenate([batch.units, batch.units[:, again]], 1)
    return Batch(units, 10.0 ** rng.uniform(-1, 1, units.shape[:2]))


def assert_same(found, batch):
    """Directions [B, n], relative to the lengths of ours."""
    weights = harmonize(batch.gramian, 1.0, "equiangular").weights
    ours = (weights[:, None] @ torch.from_numpy(batch.gradients))[:, 0]
    scale = ours.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(found / scale, ours / scale, rtol=0, atol=1e-9)


def by_each(rule, batch):
    return torch.stack([rule(g) for g in torch.from_numpy(batch.gradients)])


@on_ten_thousand
@many
@given(regular_batches(reach=1), st.integers(0, 2**32))
def test_p8_full_harmony_is_config(batch, seed):
    """Direction and length, by the code of ConFIG's authors and by TorchJD.

    Gradients that occur twice are TorchJD's alone: there the pseudo-inverse of the authors may take
    a rounding of 1e-17 for a singular value.
    """
    with default_dtype(torch.float64):
        authors = by_each(ConFIG_update, batch)
    assert_same(authors, batch)
    for one in (batch, with_duplicates(batch, seed)):
        assert_same(by_each(ConFIG(), one), one)
    tally.add(len(batch))
