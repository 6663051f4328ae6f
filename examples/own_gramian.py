"""One logistic model for four groups that answer differently.

Gradients by torch.func, natural-gradient metric: weights from their Gramian.
"""

import torch
from torch.func import grad, vmap
from torch.nn.functional import binary_cross_entropy_with_logits

from hrgradlib import harmonize

GROUPS, PEOPLE, FEATURES = 4, 200, 6
torch.manual_seed(0)
x = torch.randn(GROUPS, PEOPLE, FEATURES).double()
opinions = (torch.randn(FEATURES) + torch.randn(GROUPS, FEATURES)).double()
agree = torch.sigmoid(torch.einsum("gpf,gf->gp", x, opinions))
y = (agree > torch.rand(GROUPS, PEOPLE)).double()


def loss(weights, x, y):
    return binary_cross_entropy_with_logits(x @ weights, y)


def inverse_fisher(weights):
    p = torch.sigmoid(x @ weights)[..., None]
    fisher = ((p * (1 - p) * x).mT @ x).mean(0) / PEOPLE
    return torch.linalg.inv(fisher + 1e-3 * torch.eye(FEATURES))


def train(method, steps=200, lr=0.1):
    weights, history = x.new_zeros(FEATURES), []
    for _ in range(steps):
        history.append(vmap(loss, (None, 0, 0))(weights, x, y))
        gradients = vmap(grad(loss), (None, 0, 0))(weights, x, y)
        metric, shares = inverse_fisher(weights), x.new_ones(GROUPS)
        if method == "HRGrad":
            found = harmonize(gradients @ metric @ gradients.T)
            if found.stationary:  # no step lowers all four losses any more
                break
            shares = found.weights
        weights = weights - lr / GROUPS * metric @ (shares @ gradients)
    return torch.stack(history)


def main(steps=200):
    for method in ("sum", "HRGrad"):
        history = train(method, steps)
        rises = int((history.diff(dim=0) > 0).sum())
        ends = " ".join(f"{end:.3f}" for end in history[-1])
        count = f"{len(history)} steps, {rises} rises"
        print(f"{method:6s} {count}, losses {ends}")


if __name__ == "__main__":
    main()
