"""Two processes: the gradients are averaged, the parameters stay equal bit for bit."""

import subprocess
import sys

import torch

SCRIPT = """
import sys, torch, torch.distributed as dist
from torch import nn
from hrgradlib import HRGrad, StepRefused, residual_jacobian, task_gradients

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
ends = {}
for metric in ("identity", "adam", "soap"):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = HRGrad(model.parameters(), metric=metric)
    torch.manual_seed(1 + rank)
    for _ in range(12):
        x = torch.randn(8, 2)
        found = task_gradients(lambda: (model(x)[:, 0] - x[:, 0]).square(), model, [4, 4])
        record = optimizer.step(found)
        assert abs(record.losses - found.losses.numpy()).max() > 0
    broken = found.matrix.clone()
    broken[1] = float("nan") if rank else 0.0
    try:
        optimizer.step(broken)
    except StepRefused as refused:
        assert refused.tasks == (1,)
    else:
        raise AssertionError
    ends[metric] = nn.utils.parameters_to_vector(model.parameters()).detach()
try:
    optimizer = HRGrad(model.parameters(), metric="gauss-newton")
    optimizer.step(residual_jacobian(lambda x: model(x), model, (x,), [4, 4]))
except ValueError as error:
    assert "found 2 processes; expected one" in str(error)
else:
    raise AssertionError
torch.save(ends, f"{folder}/{rank}.pt")
dist.destroy_process_group()
"""


def test_ranks_stay_bit_equal(tmp_path):
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(rank), str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    said = [job.communicate(timeout=240)[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], "\n".join(said)
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for metric, end in one.items():
        assert torch.equal(end, other[metric]), metric
