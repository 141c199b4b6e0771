"""The processes that train one model together, started by `torchrun`; one process alone is the simplest case.

Every process holds the whole model and takes its rows of each batch. Sums go over all of them, so that all take
the same step; process 0 alone writes.
"""

from __future__ import annotations

import os
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from ..errors import InputError
from ..messages import tr

T = TypeVar("T")


class World:
    """This process among `size`, of which it is number `rank`.

    `local_rank` of `local_size` counts on one machine: it is the number of the GPU that the process takes.
    """

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0, local_size: int = 1) -> None:
        self.rank, self.size, self.local_rank, self.local_size = rank, size, local_rank, local_size

    @classmethod
    def join(cls) -> World:
        """The world that torchrun's environment variables name; joined once a process.

        Raises:
            InputError: the variables are incomplete or are not numbers.
        """
        if "RANK" not in os.environ:
            return cls()
        try:
            names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
            rank, size, local_rank, local_size = (int(os.environ[name]) for name in names)
        except (KeyError, ValueError) as error:
            raise InputError(
                tr("the environment of torchrun is incomplete ({error}). Start with torchrun.", error=error)
            ) from None
        if size > 1 and not dist.is_initialized():
            # gloo for what lies on the host, such as the wish to stop; nccl for gradients on GPUs.
            both = torch.cuda.is_available() and dist.is_nccl_available()
            dist.init_process_group("cpu:gloo,cuda:nccl" if both else "gloo")
        return cls(rank, size, local_rank, local_size)

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files and speaks."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """The part of `count` rows, or of anything counted, that this process takes; all parts together are all."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def sum_gradients(self, weights: list[torch.nn.Parameter]) -> None:
        """Add up the gradients of all processes, in one message."""
        if self.size == 1:
            return
        grads = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([grad.flatten() for grad in grads])
        dist.all_reduce(flat)
        torch._foreach_copy_(grads, [
            part.view_as(grad) for part, grad in zip(flat.split([g.numel() for g in grads]), grads, strict=True)
        ])  # fmt: skip

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes; `values` itself is changed and returned."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process; asked on the host, so that no GPU is waited for."""
        if self.size == 1:
            return flag
        return bool(self.sum(torch.tensor(int(flag))).item())

    def gather(self, value: T) -> list[T]:
        """The value of every process, in the order of their ranks."""
        if self.size == 1:
            return [value]
        values: list[T | None] = [None] * self.size
        dist.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def wait(self) -> None:
        """Go on only when all processes have come to this line."""
        if self.size > 1:
            dist.barrier()
