"""Networks that people train, small: what task gradients must be right for, whatever the engine.

Every entry of ``ARCHITECTURES`` makes a network from one row of three numbers to some numbers, and
says which engine finds its task gradients. ``WRITTEN`` has losses that are more than a network.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

NATIVE, SLOW = "one-backward", "backwards"
ROWS, SIZES = 11, [4, 2, 5]


class Net(nn.Module):
    """A module from named parts and the function that uses them."""

    def __init__(self, use, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, nn.Parameter(part) if isinstance(part, torch.Tensor) else part)
        self.use = use

    def forward(self, *x):
        return self.use(self, *x)


def perceptron(*between, inputs=3, outputs=2):
    return nn.Sequential(nn.Linear(inputs, 8), *between, nn.Tanh(), nn.Linear(8, outputs))


def random(*shape):
    return torch.randn(*shape)


def tied():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


def frozen():
    model = perceptron()
    model[0].weight.requires_grad_(False)
    return model


def adaptive_slope():
    """Jagtap et al.: one slope for all, one per layer, one per neuron."""
    return Net(
        lambda m, x: m.out(torch.tanh(m.each * m.inner(torch.tanh(10 * m.slope * m.first(x))))),
        first=nn.Linear(3, 8), inner=nn.Linear(8, 8), out=nn.Linear(8, 1),
        slope=torch.tensor(0.1), each=torch.rand(8),
    )  # fmt: skip


def factorised():
    """Random weight factorisation (Wang et al.)."""

    def use(m, x):
        x = torch.tanh(F.linear(x, torch.exp(m.s0)[:, None] * m.v0, m.b0))
        return F.linear(x, m.v1 * m.s1.exp()[:, None], m.b1)

    return Net(
        use, s0=random(8), v0=random(8, 3), b0=random(8), s1=random(2), v1=random(2, 8),
        b1=random(2),
    )  # fmt: skip


def fourier():
    """Trained frequencies."""

    def use(m, x):
        angle = 2 * torch.pi * x @ m.frequencies
        return m.net(torch.cat([angle.sin(), angle.cos()], -1))

    return Net(use, frequencies=random(3, 4), net=perceptron(inputs=8))


def output_bias():
    return Net(lambda m, x: m.net(x) * m.scale + m.bias, net=perceptron(), scale=random(2),
               bias=random(1, 2))  # fmt: skip


def modified():
    """Modified multilayer perceptron with two encoders (Wang, Teng, Perdikaris)."""

    def use(m, x):
        u, v, h = torch.tanh(m.u(x)), torch.tanh(m.v(x)), torch.tanh(m.first(x))
        z = torch.tanh(m.second(h))
        return m.out((1 - z) * u + z * v)

    layers = {name: nn.Linear(3, 8) for name in ("u", "v", "first")}
    return Net(use, second=nn.Linear(8, 8), out=nn.Linear(8, 1), **layers)


def pirate():
    """Residual blocks with a trained share of the nonlinear branch (PirateNets)."""

    def use(m, x):
        h = torch.tanh(m.first(x))
        for share, layer in zip(m.shares, m.layers, strict=True):
            h = share * torch.tanh(layer(h)) + (1 - share) * h
        return m.out(h)

    return Net(
        use, first=nn.Linear(3, 8), out=nn.Linear(8, 1),
        layers=nn.ModuleList(nn.Linear(8, 8) for _ in range(2)),
        shares=nn.ParameterList(torch.tensor(0.3) for _ in range(2)),
    )  # fmt: skip


def siren():
    return Net(lambda m, x: m.out(torch.sin(m.omega * m.first(x))), first=nn.Linear(3, 8),
               out=nn.Linear(8, 1), omega=torch.tensor(3.0))  # fmt: skip


def gaussians():
    """Radial basis functions with trained centres and widths."""

    def use(m, x):
        away = (x[:, None, :] - m.centres) * m.widths.exp()[:, None]
        return m.out(torch.exp(-away.square().sum(-1)))

    return Net(use, centres=random(6, 3), widths=random(6), out=nn.Linear(6, 1))


def multiplicative():
    return Net(lambda m, x: m.out(torch.sin(m.a(x)) * torch.sin(m.b(x))), a=nn.Linear(3, 8),
               b=nn.Linear(3, 8), out=nn.Linear(8, 1))  # fmt: skip


def film():
    """Scale and shift of every layer from one coordinate."""

    def use(m, x):
        scale, shift = m.film(x[:, 2:]).chunk(2, -1)
        return m.out(torch.tanh(scale * m.first(x[:, :2]) + shift))

    return Net(use, film=nn.Linear(1, 16), first=nn.Linear(2, 8), out=nn.Linear(8, 1))


def generated_bias():
    """One bias row per point, given to linear."""
    return Net(lambda m, x: torch.tanh(F.linear(x, m.weight, m.film(x[:, :1]))),
               weight=random(4, 3), film=nn.Linear(1, 4))  # fmt: skip


def generated_weight():
    """A hypernetwork on one code for all points."""

    def use(m, x):
        weight = m.hyper(torch.tanh(m.code)).view(4, 3)
        return torch.tanh(F.linear(x, weight, m.bias))

    return Net(use, hyper=nn.Linear(2, 12), code=random(2), bias=random(4))


def weight_per_point():
    """A hypernetwork on every point's own code."""

    def use(m, x):
        weight = m.hyper(x[:, :1]).view(-1, 4, 3)
        return torch.tanh(torch.einsum("nij,nj->ni", weight, x)) + m.bias

    return Net(use, hyper=nn.Linear(1, 12), bias=random(4))


def deep_operator():
    """DeepONet, sensors and location in every row."""

    def use(m, x):
        branch, trunk = m.branch(x[:, :2]), m.trunk(x[:, 2:])
        return (branch * trunk).sum(-1, keepdim=True) + m.bias

    return Net(use, branch=perceptron(inputs=2, outputs=4), trunk=perceptron(inputs=1, outputs=4),
               bias=random(1))  # fmt: skip


def deep_operator_on_a_grid():
    """DeepONet whose trunk sees one grid that all functions share."""
    grid = torch.linspace(0, 1, 8, dtype=torch.float64)[:, None]

    def use(m, x):
        return m.branch(x) @ m.trunk(grid).T + m.bias

    return Net(use, branch=perceptron(outputs=4), trunk=perceptron(inputs=1, outputs=4),
               bias=random(1))  # fmt: skip


def separable():
    """SPINN, its grids in every row: one net per coordinate, summed products."""

    def use(m, x):
        features = [net(x[:, i : i + 1]) for i, net in enumerate(m.nets)]
        return torch.stack(features).prod(0).sum(-1, keepdim=True)

    return Net(use, nets=nn.ModuleList(perceptron(inputs=1, outputs=5) for _ in range(3)))


def codes_of(x):
    return (x[:, 0].detach() > 0).long() + (x[:, 1].detach() > 0).long()


def embedding():
    return Net(lambda m, x: m.net(torch.cat([x, m.codes(codes_of(x))], 1)),
               codes=nn.Embedding(3, 2, padding_idx=1), net=perceptron(inputs=5))  # fmt: skip


def indexed():
    return Net(lambda m, x: m.net(x) + m.codes[codes_of(x)], codes=random(3, 2), net=perceptron())


def code_of_every_task():
    """Meta-learning: one latent row per task, repeated for its points."""

    def use(m, x):
        code = m.codes.repeat_interleave(torch.tensor(SIZES), 0)
        return m.net(torch.cat([x, code], 1))

    return Net(use, codes=random(3, 2), net=perceptron(inputs=5))


def heads():
    """A head for every task, on its own rows."""

    def use(m, x):
        parts = torch.tanh(m.trunk(x)).split(SIZES)
        return torch.cat([head(part) for head, part in zip(m.heads, parts, strict=True)])

    return Net(use, trunk=nn.Linear(3, 8), heads=nn.ModuleList(perceptron(inputs=8) for _ in SIZES))


def attention_inside_a_point():
    def use(m, x):
        x = x[:, :, None].expand(-1, -1, 3)
        return F.scaled_dot_product_attention(m.q(x), m.k(x), m.v(x)).flatten(1)

    return Net(use, **{name: nn.Linear(3, 3) for name in "qkv"})


def attention_between_points():
    def use(m, x):
        return torch.softmax(m.q(x) @ m.k(x).T, -1) @ m.v(x)

    return Net(use, **{name: nn.Linear(3, 3) for name in "qkv"})


def permuted():
    """Rows sorted, and put back at the end."""

    def use(m, x):
        order = x[:, 0].detach().argsort()
        return m.net(x[order])[order.argsort()]

    return Net(use, net=perceptron())


def asks_for_parameters():
    """Takes another branch where its weight is no ``nn.Parameter``."""

    def use(m, x):
        return m.net(x) if isinstance(m.net[0].weight, nn.Parameter) else 2 * m.net(x)

    return Net(use, net=perceptron())


def checkpointed(reentrant):
    return Net(lambda m, x: m.out(checkpoint(m.inner, m.first(x), use_reentrant=reentrant)),
               first=nn.Linear(3, 8), inner=perceptron(inputs=8, outputs=8),
               out=nn.Linear(8, 1))  # fmt: skip


def all_checkpointed():
    return Net(lambda m, x: checkpoint(m.net, x, use_reentrant=False), net=perceptron())


def called_functionally():
    def use(m, x):
        values = {name: 0.5 * p for name, p in m.net.named_parameters()}
        return torch.func.functional_call(m.net, values, x)

    return Net(use, net=perceptron())


def low_rank():
    return Net(lambda m, x: m.out(torch.tanh(x @ (m.a @ m.b) + m.c)), a=random(3, 2),
               b=random(2, 8), c=random(8), out=nn.Linear(8, 1))  # fmt: skip


def soft_weights():
    """Weights under a constraint: positive, rows of sum one."""
    return Net(lambda m, x: F.linear(torch.tanh(x), F.softplus(m.w), m.b) @ m.mix.softmax(0),
               w=random(4, 3), b=random(4), mix=random(4, 2))  # fmt: skip


def mixture():
    """Soft gates over experts."""

    def use(m, x):
        gates = m.gate(x).softmax(-1)
        return sum(gates[:, i : i + 1] * e(x) for i, e in enumerate(m.experts))

    return Net(use, gate=nn.Linear(3, 2), experts=nn.ModuleList(perceptron() for _ in range(2)))


def routed():
    """Hard gates: every expert sees the rows of its own subdomain."""

    def use(m, x):
        left = x[:, 0].detach() < 0.1
        out = x.new_zeros(len(x), 2)
        out[left], out[~left] = m.left(x[left]), m.right(x[~left])
        return out

    return Net(use, left=perceptron(), right=perceptron())


def multigrid_images():
    return nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 4, 2), nn.Tanh(), nn.Flatten(),
                         nn.Linear(8, 2))  # fmt: skip


def spline():
    """Kolmogorov–Arnold: a trained function on every edge, here of Gaussian bumps."""
    knots = torch.linspace(-1, 1, 4, dtype=torch.float64)

    def use(m, x):
        bumps = torch.exp(-(x[..., None] - knots).square())  # [N, 3, 4]
        return torch.einsum("nik,oik->no", bumps, m.edges)

    return Net(use, edges=random(2, 3, 4))


def spline_by_linear():
    knots = torch.linspace(-1, 1, 4, dtype=torch.float64)

    def use(m, x):
        bumps = torch.exp(-(x[..., None] - knots).square()).flatten(1)
        return F.linear(bumps, m.edges.flatten(1))

    return Net(use, edges=random(2, 3, 4))


def normalised(kind):
    return parametrizations.weight_norm(nn.Linear(3, 2)) if kind == "weight" else nn.Sequential(
        parametrizations.orthogonal(nn.Linear(3, 3)), nn.Tanh(), nn.Linear(3, 1))  # fmt: skip


def through_sequence(layer):
    """A recurrent layer over the three numbers."""
    return Net(lambda m, x: m.layer(x[:, :, None])[0].flatten(1), layer=layer)


def weight_beside_points():
    """As many rows of weights as there are points."""
    return Net(lambda m, x: torch.tanh(x * m.own), own=random(ROWS, 3))


def kept_outside():
    net = perceptron()
    first = net[0].weight
    return Net(lambda m, x: m.net(x) + first.sum(), net=net)


class Lonely(nn.Module):
    """Runs on one row at a time."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return torch.stack([self.layer(row) for row in x])


ARCHITECTURES = {
    "perceptron": (perceptron, NATIVE),
    "tied": (tied, NATIVE),
    "frozen": (frozen, NATIVE),
    "dropout": (lambda: perceptron(nn.Dropout(0.3)), NATIVE),
    "adaptive slopes": (adaptive_slope, NATIVE),
    "weight factorisation": (factorised, NATIVE),
    "trained Fourier features": (fourier, NATIVE),
    "output bias and scale": (output_bias, NATIVE),
    "modified perceptron": (modified, NATIVE),
    "PirateNet": (pirate, NATIVE),
    "SIREN": (siren, NATIVE),
    "radial basis": (gaussians, NATIVE),
    "multiplicative filter": (multiplicative, NATIVE),
    "FiLM": (film, NATIVE),
    "generated bias": (generated_bias, NATIVE),
    "generated weight": (generated_weight, NATIVE),
    "weight per point": (weight_per_point, NATIVE),
    "DeepONet": (deep_operator, NATIVE),
    "DeepONet on a grid": (deep_operator_on_a_grid, NATIVE),
    "separable": (separable, NATIVE),
    "embedding": (embedding, NATIVE),
    "indexed codes": (indexed, NATIVE),
    "code of every task": (code_of_every_task, NATIVE),
    "heads": (heads, NATIVE),
    "attention inside a point": (attention_inside_a_point, NATIVE),
    "asks for nn.Parameter": (asks_for_parameters, NATIVE),
    "checkpoint": (lambda: checkpointed(False), NATIVE),
    "reentrant checkpoint": (lambda: checkpointed(True), NATIVE),
    "checkpoint of all": (all_checkpointed, NATIVE),
    "functional call": (called_functionally, NATIVE),
    "low rank": (low_rank, NATIVE),
    "constrained weights": (soft_weights, NATIVE),
    "soft mixture": (mixture, NATIVE),
    "splines by linear": (spline_by_linear, NATIVE),
    "weight norm": (lambda: normalised("weight"), NATIVE),
    "orthogonal weights": (lambda: normalised("orthogonal"), NATIVE),
    "weight row per point": (weight_beside_points, NATIVE),
    "layer norm": (lambda: perceptron(nn.LayerNorm(8)), NATIVE),
    "RMS norm": (lambda: perceptron(nn.RMSNorm(8)), NATIVE),
    "group norm": (lambda: perceptron(nn.GroupNorm(2, 8)), NATIVE),
    "batch norm in evaluation": (lambda: perceptron(nn.BatchNorm1d(8).eval()), NATIVE),
    "PReLU": (lambda: perceptron(nn.PReLU()), NATIVE),
    "PReLU per channel": (lambda: perceptron(nn.PReLU(8)), NATIVE),
    "splines by einsum": (spline, SLOW),
    "batch norm": (lambda: perceptron(nn.BatchNorm1d(8)), SLOW),
    "batch norm without parameters": (lambda: perceptron(nn.BatchNorm1d(8, affine=False)), SLOW),
    "attention between points": (attention_between_points, SLOW),
    "rows permuted": (permuted, SLOW),
    "rows routed": (routed, SLOW),
    "convolution": (multigrid_images, SLOW),
    "LSTM": (lambda: through_sequence(nn.LSTM(1, 4, batch_first=True)), SLOW),
    "GRU cell": (lambda: nn.GRUCell(3, 4), SLOW),
    "multi-head attention": (
        lambda: Net(
            lambda m, x: m.a(x[:, None], x[:, None], x[:, None])[0][:, 0],
            a=nn.MultiheadAttention(3, 1, batch_first=True),
        ),
        SLOW,
    ),  # fmt: skip
    "bilinear": (lambda: Net(lambda m, x: m.b(x, x), b=nn.Bilinear(3, 3, 2)), SLOW),
    "used behind its back": (kept_outside, SLOW),
    "one row at a time": (Lonely, SLOW),
}
