"""An optimizer of others, in jax, on the residuals that networks are trained on here.

SSBroyden (``ssbroyden-optimistix``) in float64 on `transport-periodic`: with the network that
Gauss–Newton trains in the profile quick, from the same start. The network is written once more, in
jax; its residuals are compared with ours before the training, and its weights go back into ours,
which is judged as every other. The method takes line searches, so the points are drawn once. Time
is that of the processor, of all threads; the first step, which compiles, is counted apart.

It needs packages that nothing else here needs, and that are no extra of the project:

    pip install jax ssbroyden-optimistix
    python benchmarks/outside_jax.py --json book/results/outside.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import ssbroyden_optimistix as sso  # switches jax to float64
import torch
from jax.flatten_util import ravel_pytree
from ssbroyden_optimistix import contrib

from hrgradlib.experiments.specs import Spec, make_spec
from hrgradlib.experiments.store import Table, here
from hrgradlib.kinetics.velocity import recurrence
from hrgradlib.models.periodic import PeriodicModel

PACKAGES = ("jax", "optimistix", "ssbroyden-optimistix")
SEED, SECONDS, PER_TASK = 0, 30.0, 64


def parameters_of(model: PeriodicModel) -> dict:
    """Weights and biases of encoder and trunk, by layer."""
    return {
        name: [(jnp.array(layer.weight.detach().numpy()), jnp.array(layer.bias.detach().numpy()))
               for layer in getattr(model, name).layers]
        for name in ("encoder", "trunk")
    }  # fmt: skip


def hand_back(parameters: dict, model: PeriodicModel) -> None:
    """Write them into a network of ours."""
    with torch.no_grad():
        for name, layers in parameters.items():
            for (weight, bias), layer in zip(layers, getattr(model, name).layers, strict=True):
                layer.weight.copy_(torch.tensor(np.asarray(weight)))
                layer.bias.copy_(torch.tensor(np.asarray(bias)))


def perceptron(layers: list, z: jax.Array) -> jax.Array:
    *hidden, (weight, bias) = layers
    for inner, shift in hidden:
        z = jnp.tanh(inner @ z + shift)
    return weight @ z + bias


def residual_of(model: PeriodicModel) -> Callable[[dict, jax.Array], jax.Array]:
    """(parameters, point [3]) → [1 + M]: fields and residuals of ours at one point."""
    problem, alpha = model.problem, jnp.array(recurrence(model.modes))
    final, (low, high) = problem.final_time, np.log10(problem.eps_range)

    def residual(parameters: dict, point: jax.Array) -> jax.Array:
        t, x, eps = point
        layer = eps**2
        pace, grown, whole = t + layer, -jnp.expm1(-t / layer), -jnp.expm1(-final / layer)
        clock = t - layer * grown
        cos, sin = jnp.cos(2 * jnp.pi * x), jnp.sin(2 * jnp.pi * x)
        known = jnp.array([2 * t / final - 1, 2 * grown / whole - 1, cos, sin])
        along_x = jnp.array([0, 0, -2 * jnp.pi * sin, 2 * jnp.pi * cos])
        along_t = jnp.array(
            [2 * pace / final, 2 * (pace / layer) * jnp.exp(-t / layer) / whole, 0, 0]
        )
        position = (2 * jnp.log10(eps) - low - high) / (high - low)
        code = perceptron(parameters["encoder"], position[None])

        def trunk(z: jax.Array) -> jax.Array:
            return perceptron(parameters["trunk"], jnp.concatenate([z, code]))

        out, out_x = jax.jvp(trunk, (known,), (along_x,))
        _, out_t = jax.jvp(trunk, (known,), (along_t,))
        slope = sum(-a * 2 * np.pi * k * jnp.sin(2 * np.pi * k * x) for k, a in problem.modes)
        density_t = (grown * out[0] + (clock / pace) * out_t[0]) / final
        density_x = slope + (clock / final) * out_x[0]
        micro_x = grown * out_x[1:]
        relaxation = out[1:] + (grown * layer / pace) * out_t[1:]
        transport = jnp.pad(micro_x[1:] * alpha[1:], (0, 1)) + jnp.pad(
            micro_x[:-1] * alpha[1:], (1, 0)
        )
        micro = (relaxation + eps * transport).at[0].add(alpha[0] * density_x)
        return jnp.concatenate([(density_t + alpha[0] * micro_x[0])[None], micro])

    return residual


def check(spec: Spec, model: PeriodicModel, parameters: dict, points: list[torch.Tensor]) -> None:
    """The residuals written here are ours, to rounding.

    Raises:
        SystemExit: they are not.
    """
    ours = spec.case.residuals(spec)(model, *points).detach().numpy()
    theirs = jax.vmap(residual_of(model), (None, 0))(parameters, jnp.stack(_arrays(points), 1))
    if (apart := np.abs(ours - np.asarray(theirs)).max()) > 1e-10 * np.abs(ours).max():
        raise SystemExit(f"outside_jax.py: residuals differ from ours by {apart:.1e}; nothing run")


def _arrays(points: list[torch.Tensor]) -> list[jax.Array]:
    return [jnp.array(p.numpy()) for p in points]


def train(seconds: float) -> dict:
    """A row: a training of so many seconds after the first step, which compiles."""
    spec = make_spec("transport-periodic", "hrgrad-gn", "quick", seed=SEED, per_task=PER_TASK)
    model = spec.build_model()
    drawn = spec.case.sample(spec, torch.Generator().manual_seed(SEED))
    points = [p.double() for p in drawn]
    start = parameters_of(model)
    check(spec, model, start, points)
    places, residual = jnp.stack(_arrays(points), 1), residual_of(model)
    flat, unflat = ravel_pytree(start)

    @jax.jit
    def loss(parameters: dict) -> jax.Array:
        found = jax.vmap(residual, (None, 0))(parameters, places)
        return 0.5 * (found**2).sum(1).mean()

    clock = {"first": 0.0, "last": 0.0}
    began = time.process_time()

    def stop(step: int, *_: object) -> bool:
        clock["last"] = time.process_time()
        if step == 1:
            clock["first"] = clock["last"]
        return clock["last"] - clock["first"] >= seconds

    found = contrib.run(sso.SSBroyden(rtol=0.0, atol=0.0), loss, start, 100_000, stop)
    hand_back(found.params, model)
    judged = spec.case.judged_eps("quick")
    errors = spec.case.errors(model, judged)[0]
    return {
        "method": "ssbroyden",
        "seed": SEED,
        "max_error": _digits(errors.max()),
        "final_error": _digits(errors[:, -1].max()),
        "loss": _digits(2 * found.final_loss),
        "steps": found.num_iters,
        "calls": found.num_steps,
        "seconds": _digits(clock["last"] - clock["first"]),
        "first_step": _digits(clock["first"] - began),
        "parameters": len(flat),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "curve": {
            "judged_eps": [_digits(e) for e in judged],
            "judged": [_digits(e) for e in errors.max(1)],
        },
        "settings": {
            "problem": spec.problem,
            "width": spec.width,
            "depth": spec.depth,
            "modes": spec.modes,
            "points": len(places),
        },
    }


def _digits(value: float) -> float:
    return float(f"{value:.3e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="processor time of a run")
    parser.add_argument("--json", type=Path, help="keep the rows in this table")
    parser.add_argument("--force", action="store_true", help="make rows anew that are there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table, origin = options.json and Table(options.json), here(roots=[Path(__file__)])
    key = f"ssbroyden-s{SEED}"
    if table and table.has(key, origin) and not options.force:
        return
    row = train(options.seconds)
    if table:
        table.put(key, row, origin)
    print(f"{key}: error {row['max_error']:.1e}, {row['steps']} steps", flush=True)


if __name__ == "__main__":
    main()
