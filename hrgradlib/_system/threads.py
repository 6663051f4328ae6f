"""As many threads as were asked for, in every library that multiplies matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["threads_limited"]


@contextmanager
def threads_limited(threads: int) -> Iterator[None]:
    """Limit PyTorch, and the BLAS of NumPy and SciPy, which does not ask PyTorch.

    Sums are cut by threads, so bits would depend on the environment's number; and the matrices
    here are small, so that threads mostly wait for each other.

    Raises:
        ModuleNotFoundError: threadpoolctl, of the extra ``run``, is not installed.
    """  # noqa: DOC502
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=threads, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
