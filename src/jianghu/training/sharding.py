"""Models that outgrow one device: each process holds a part of every weight, gradient and moment.

PyTorch's fully sharded data parallel (`fully_shard`; Zhao et al. 2023, arXiv:2304.11277): a block's weights are
gathered when it computes and dropped again; gradients are summed into the parts. A whole model goes in, a sharded one
comes out; here is also how parts become whole tensors again, for the state, for checkpoints and for evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

from ..messages import tr
from ..model import Transformer
from ..recipe import TrainSettings
from .compiling import choose_computing
from .cost import HEADROOM, available_memory, count_memory
from .world import World


def placed(
    model: Transformer, settings: TrainSettings, device: torch.device, world: World, say: Callable[[str], None]
) -> Transformer:
    """A model on its device: whole, or sharded over the processes if that is set, or if it does not fit otherwise.

    An adapter's moments are small, so each process holds the base whole.
    """
    if world.size > 1 and settings.shard == "on" and settings.lora.rank:
        say(tr("An adapter is not sharded: each process holds the whole base."))
    if world.size == 1 or settings.shard == "off" or settings.lora.rank:
        return model.to(device)
    dtype = choose_computing(settings, model.config, device).torch_dtype
    needed = count_memory(model.config, settings, dtype, device.type == "cpu").fixed
    free = available_memory(device) // (world.local_size if device.type == "cpu" else 1)
    if settings.shard == "auto" and not world.any(needed > free * HEADROOM):
        return model.to(device)
    say(tr("Each of {count} processes holds a part of the weights, gradients and moments.", count=world.size))
    return shard(model, device, world)


def shard(model: Transformer, device: torch.device, world: World) -> Transformer:
    """Shard a model over all processes, in place: block by block, and the rest together.

    Args:
        model: whole, the same in every process; it may lie on the host.
        device: where this process computes.

    Returns:
        The model, whose parameters are `DTensor`s now.
    """
    mesh = init_device_mesh(device.type, (world.size,))
    for block in model.model.layers:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    model.to(device)  # what is no weight
    register_fsdp_forward_method(model, "loss")
    register_fsdp_forward_method(model, "target_nats")
    for module in model.modules():
        if isinstance(module, FSDPModule):  # sums, as between processes that hold the whole model, not means
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
    return model


def is_sharded(model: Transformer) -> bool:
    """Whether `shard` was applied."""
    return isinstance(model, FSDPModule)


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor, in the same memory; a plain tensor itself."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def locals_of(tensors: Iterable[Tensor]) -> list[Tensor]:
    """`local` of each."""
    return [local(tensor) for tensor in tensors]


def whole(tensor: Tensor) -> Tensor:
    """A tensor gathered from all processes, each of which must ask for it; a plain tensor itself."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def is_part(tensor: Tensor) -> bool:
    """Whether this process holds a part of it only."""
    return isinstance(tensor, DTensor)


def gather_like(part: Tensor, like: Tensor) -> Tensor:
    """The whole tensor of which each process has such a part as `like` has one; all must ask for it."""
    assert isinstance(like, DTensor)
    held = DTensor.from_local(
        part, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )
    return held.full_tensor()


def as_part(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor held as `like` is: its own part of it, if that is sharded. Nothing is sent."""
    tensor = tensor.to(like.device)
    if not isinstance(like, DTensor) or tensor.shape != like.shape:
        return tensor.clone()
    own = torch.chunk(tensor, like.device_mesh.size())
    rank = like.device_mesh.get_local_rank()
    part = own[rank].clone() if rank < len(own) else tensor[:0].clone()
    return DTensor.from_local(
        part, like.device_mesh, like.placements, run_check=False, shape=tensor.shape, stride=tensor.stride()
    )


def gathered(tensors: Mapping[str, Tensor], keep: bool) -> dict[str, Tensor]:
    """The whole tensors on the host, one after the other, so that no device holds more than one of them.

    Args:
        keep: whether this process wants them; all must take part.
    """
    kept = {}
    for name, tensor in tensors.items():
        full = whole(tensor)
        if keep:
            kept[name] = full.cpu()
    return kept


def assembled(model: Transformer, weights: Mapping[str, Tensor]) -> Transformer:
    """A plain model in evaluation mode, of the whole weights: as large as the model, in every process.

    Args:
        model: sharded. weights: all of its weights, or their mean.
    """
    with torch.device("meta"):
        plain = Transformer(model.config)
    plain.load_state_dict({name: whole(weight).detach() for name, weight in weights.items()}, assign=True)
    plain.n_tokens = model.n_tokens
    plain.materialize_rope()
    plain.n_tokens = model.n_tokens
    return plain.eval()
