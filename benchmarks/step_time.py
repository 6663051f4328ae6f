"""Time of one optimizer step, side by side in one run: plain sum, HRGrad, K backwards, TorchJD.

    python benchmarks/step_time.py [--tasks 5 10 16] [--points 256 1024] [--repeats 9] [--json FILE]

All do the same on the same points: evaluate the micro–macro residuals of `transport-periodic`
(value and two tangent streams through 4×64), get the gradients, update. The methods take turns
within every repeat; the median and the range over repeats of the ratio to the plain step are
printed. Times vary between machines; the ratios are what is claimed.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torchjd.autojac import backward, jac_to_grad

from hrgradlib import HRGrad, HRGradAggregator, provenance, task_gradients
from hrgradlib.experiments.assemble import point_losses
from hrgradlib.kinetics.linear_transport import PeriodicTransport
from hrgradlib.models import TransportModel
from hrgradlib.training import sample_points


def steps(tasks: int, per_task: int, device: torch.device) -> dict:
    """One closure per method, each with a network and optimizer of its own."""
    problem, sizes = PeriodicTransport(), [per_task] * tasks
    generator = torch.Generator().manual_seed(0)
    points = sample_points(
        problem.eps_range, problem.final_time, tasks, per_task, generator, device
    )

    def build(optimizer, **options):
        torch.manual_seed(0)
        model = TransportModel(problem).to(device)
        return model, optimizer(model.parameters(), lr=1e-3, betas=(0.9, 0.99), **options)

    def task_losses(model):
        return point_losses(model, *points).view(tasks, per_task).mean(1)

    summed, adam = build(torch.optim.Adam)
    harmonised, hrgrad = build(HRGrad)
    guarded, hrgrad_guard = build(HRGrad, guard=True)
    looped, adam_loop = build(torch.optim.Adam)
    jd_model, adam_jd = build(torch.optim.Adam)
    aggregator = HRGradAggregator()

    def plain():
        adam.zero_grad()
        task_losses(summed).sum().backward()
        adam.step()

    def with_hrgrad(model, optimizer):
        optimizer.step(task_gradients(lambda: point_losses(model, *points), model, sizes))

    def backwards():
        losses = task_losses(looped)
        parameters = list(looped.parameters())
        rows = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in losses]
        for p, *grads in zip(parameters, *rows, strict=True):
            p.grad = torch.stack(grads).sum(0)
        adam_loop.step()

    def torchjd():
        adam_jd.zero_grad()
        backward(task_losses(jd_model))
        jac_to_grad(jd_model.parameters(), aggregator)
        adam_jd.step()

    return {
        "plain sum, Adam": plain,
        "HRGrad": lambda: with_hrgrad(harmonised, hrgrad),
        "HRGrad, guard": lambda: with_hrgrad(guarded, hrgrad_guard),
        "K backward passes, Adam": backwards,
        "TorchJD autojac + HRGradAggregator, Adam": torchjd,
    }


def measure(closures: dict, repeats: int, device: torch.device) -> dict[str, np.ndarray]:
    """Seconds per step of every method, [repeats]; the methods take turns."""
    seconds = {name: [] for name in closures}
    for closure in closures.values():
        for _ in range(3):
            closure()
    for _ in range(repeats):
        for name, closure in closures.items():
            count = 8 if name in ("plain sum, Adam", "HRGrad", "HRGrad, guard") else 2
            synchronize(device)
            began = time.perf_counter()
            for _ in range(count):
                closure()
            synchronize(device)
            seconds[name].append((time.perf_counter() - began) / count)
    return {name: np.array(values) for name, values in seconds.items()}


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[5, 10, 16])
    parser.add_argument("--points", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path, help="also write the ratios to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device, rows = torch.device(options.device), []
    for tasks in options.tasks:
        for per_task in options.points:
            print(f"{tasks} tasks of {per_task} points …", file=sys.stderr)
            seconds = measure(steps(tasks, per_task, device), options.repeats, device)
            plain = seconds["plain sum, Adam"]
            for name, values in seconds.items():
                ratio = values / plain
                rows.append({
                    "tasks": tasks, "points": per_task, "step": name,
                    "milliseconds": round(1e3 * float(np.median(values)), 3),
                    "ratio": round(float(np.median(ratio)), 3),
                    "ratio_low": round(float(ratio.min()), 3),
                    "ratio_high": round(float(ratio.max()), 3),
                })
                print("{tasks:3d} x {points:5d}  {step:42s} {milliseconds:9.2f} ms  "
                      "ratio {ratio:6.2f}  [{ratio_low:.2f}, {ratio_high:.2f}]".format(**rows[-1]))
    if options.json:
        content = {"provenance": provenance.collect(device), "rows": rows}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
