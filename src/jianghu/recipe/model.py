"""Settings of the model: its shape, and named sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..errors import InputError
from ..messages import tr
from .base import Settings

Width = Annotated[int, Field(gt=0, le=1 << 20)]
Layers = Annotated[int, Field(gt=0, le=10_000)]


class ModelSettings(Settings):
    """The shape of the transformer (Qwen3 architecture). A named size, of which single numbers may be changed."""

    size: Literal["tiny", "mini", "seed", "base"] = "mini"
    """tiny: 4 layers, 128 wide. mini: 6 × 384. seed: 6 × 512, the original's. base: 12 × 768."""
    n_layer: Layers | None = None
    """Transformer blocks (default: the size's)."""
    n_head: Width | None = None
    """Query heads of attention (default: the size's). n_embd must be divisible by it."""
    n_kv_head: Width | None = None
    """Key and value heads; fewer than n_head is grouped-query attention (default: n_head)."""
    n_embd: Width | None = None
    """Width of the residual stream (default: the size's)."""
    n_inner: Width | None = None
    """Width inside the SwiGLU feed-forward (default: 8/3 of n_embd, rounded up to a multiple of 64)."""
    rope_theta: Annotated[float, Field(gt=0)] = 10000.0
    """Base wavelength of the rotary position embedding."""


SIZES: dict[str, dict[str, int]] = {
    "tiny": {"n_layer": 4, "n_head": 4, "n_embd": 128},
    "mini": {"n_layer": 6, "n_head": 6, "n_embd": 384},
    "seed": {"n_layer": 6, "n_head": 8, "n_embd": 512},
    "base": {"n_layer": 12, "n_head": 12, "n_embd": 768},
}


def model_shape(settings: ModelSettings) -> dict[str, int]:
    """The numbers n_layer, n_head, n_kv_head, n_embd, n_inner of a model: the size's, with what was changed.

    Raises:
        InputError: they do not go together.
    """
    own = settings.model_dump(exclude_none=True, exclude={"size", "rope_theta"})
    shape = {**SIZES[settings.size], **own}
    width, heads = shape["n_embd"], shape["n_head"]
    shape.setdefault("n_kv_head", heads)
    shape.setdefault("n_inner", -(-8 * width // 3 // 64) * 64)
    if width % heads:
        raise InputError(
            tr(
                "[model] n_embd {width} is not divisible by n_head {heads}. {divisors}",
                width=width,
                heads=heads,
                divisors=_divisors(width, heads),
            )
        )
    if heads % shape["n_kv_head"]:
        raise InputError(
            tr("[model] n_head {heads} is not divisible by n_kv_head {shape}.", heads=heads, shape=shape["n_kv_head"])
        )
    if width // heads % 2:
        raise InputError(
            tr("[model] n_embd / n_head is {value}; rotary positions need an even number.", value=width // heads)
        )
    return shape


def _divisors(width: int, heads: int) -> str:
    fitting = [n for n in range(1, width + 1) if width % n == 0 and width // n % 2 == 0]
    near = sorted(sorted(fitting, key=lambda n: abs(n - heads))[:3])
    if not near:
        return tr("Make n_embd even.")
    return tr("Near heads that fit: {heads}.", heads=", ".join(map(str, near)))
