"""Derivatives by reverse mode: the oracle of networks that carry tangents forward."""

import torch


def derivatives(values, inputs):
    """``∂ values[n, m] / ∂ inputs[n]``, [N, M, …] with the trailing shape of the inputs."""
    columns = values.reshape(len(inputs), -1).unbind(1)
    return torch.stack(
        [torch.autograd.grad(c.sum(), inputs, retain_graph=True)[0] for c in columns], 1
    )
