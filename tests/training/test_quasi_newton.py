"""L-BFGS in the loop: PyTorch's own, on the points of the first step."""

from functools import partial

import torch
from rivals import SIZES, batch, flat, network, residuals, trained

from hrgradlib.optim import segment_means


def test_it_is_torchs_on_the_first_points():
    model, points = network(), batch(torch.Generator().manual_seed(0))
    options = dict(max_iter=10, max_eval=25, tolerance_grad=0.0, tolerance_change=0.0)
    oracle = torch.optim.LBFGS(
        model.parameters(), history_size=50, line_search_fn="strong_wolfe", **options
    )

    def closure():
        oracle.zero_grad()
        total = segment_means(residuals(model, *points).square().sum(1), SIZES).sum()
        total.backward()
        return total

    for _ in range(4):
        oracle.step(closure)
    assert torch.equal(trained("lbfgs", 4)[0], flat(model))


def test_the_loss_falls_and_gradients_are_counted():
    _, trainer, records = trained("lbfgs", 8)
    totals = [r["losses"].sum() for r in records]
    assert all(b < a for a, b in zip(totals, totals[1:], strict=False))
    assert all(10 <= r["evaluations"] <= 25 + 10 for r in records)
    assert len(trainer.points[0]) == sum(SIZES)


def test_no_rate_is_taken():
    _, trainer, _ = trained("lbfgs", 1)
    trainer.set_learning_rate(1e-9)
    assert trainer.optimizer.param_groups[0]["lr"] == 1


def test_a_gradient_of_points_that_are_drawn_later_is_never_taken():
    one, other = trained("lbfgs", 3)[0], network()
    from hrgradlib.training import METHODS
    from hrgradlib.training.methods import Settings

    trainer, points = (
        METHODS["lbfgs"](other, Settings(1.0)),
        batch(torch.Generator().manual_seed(0)),
    )
    for _ in range(3):
        trainer.step(partial(residuals, other), points, SIZES, False)
    assert torch.equal(one, flat(other))
