"""The numbers that define a model, and their form as Hugging Face's config.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InputError
from ..messages import tr
from ..recipe import ModelSettings, model_shape

LARGEST = 1 << 24  # of any number of config.json
LONGEST = 1 << 20  # positions: a table of them is made


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a Qwen3-architecture transformer.

    Attributes:
        vocab_size: rows of the embedding, of which a tokenizer may use fewer.
        block_size: the longest row that it was trained on.
        head_dim: width of one attention head; 0: n_embd / n_head.
        tied: whether the head is the embedding.
    """

    vocab_size: int
    block_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int
    n_inner: int
    rope_theta: float = 10000.0
    norm_eps: float = 1e-6
    head_dim: int = 0
    tied: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "head_dim", self.head_dim or self.n_embd // self.n_head)

    @classmethod
    def from_settings(cls, settings: ModelSettings, vocab_size: int, block_size: int) -> ModelConfig:
        """The model that the recipe asks for, for a tokenizer and a row length."""
        shape = model_shape(settings)
        return cls(
            vocab_size, block_size, shape["n_layer"], shape["n_head"], shape["n_kv_head"], shape["n_embd"],
            shape["n_inner"], settings.rope_theta,
        )  # fmt: skip

    @property
    def parameters(self) -> int:
        """Number of trained parameters; an embedding that is the head counts once."""
        head, kv = self.n_head * self.head_dim, self.n_kv_head * self.head_dim
        attention = 2 * self.n_embd * head + 2 * self.n_embd * kv + 2 * self.head_dim
        block = attention + 3 * self.n_embd * self.n_inner + 2 * self.n_embd
        return self.vocabulary_parameters + self.n_layer * block + self.n_embd

    @property
    def vocabulary_parameters(self) -> int:
        """Numbers of the embedding, and of the head where it is another matrix."""
        return self.vocab_size * self.n_embd * (1 if self.tied else 2)

    def flops_per_token(self, block_size: int) -> float:
        """Floating-point operations of one training step per token: 6 per weight in a matrix product, and
        attention's 12 · layers · width · length (PaLM, appendix B), halved because it is causal."""
        norms = self.n_embd + self.n_layer * (2 * self.n_embd + 2 * self.head_dim)
        looked_up = 0 if self.tied else self.vocab_size * self.n_embd  # an embedding that is no head multiplies nothing
        matrices = self.parameters - norms - looked_up
        return 6 * matrices + 6 * self.n_layer * self.n_head * self.head_dim * block_size

    def to_hugging_face(self, end_of_text: int, im_end: int) -> dict[str, Any]:
        """config.json. `rope_theta` stands where transformers v4 and where v5 looks; `head_dim` is explicit
        because its default in Qwen3 is 128."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "vocab_size": self.vocab_size,
            "hidden_size": self.n_embd,
            "intermediate_size": self.n_inner,
            "num_hidden_layers": self.n_layer,
            "num_attention_heads": self.n_head,
            "num_key_value_heads": self.n_kv_head,
            "head_dim": self.head_dim,
            "max_position_embeddings": self.block_size,
            "rms_norm_eps": self.norm_eps,
            "rope_theta": self.rope_theta,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_theta},
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "tie_word_embeddings": self.tied,
            "use_cache": True,
            "use_sliding_window": False,
            "initializer_range": 0.02,
            "bos_token_id": end_of_text,
            "eos_token_id": im_end,
            "pad_token_id": end_of_text,
            "torch_dtype": "float32",
        }

    @classmethod
    def from_hugging_face(cls, data: dict[str, object], where: str) -> ModelConfig:
        """Read config.json.

        Raises:
            InputError: another architecture, or an option of Qwen3 that is not ours; `where` opens the message.
        """
        if not isinstance(data, dict):
            raise InputError(tr("{where}: not a JSON object; a model's config.json is one.", where=where))
        if data.get("model_type") != "qwen3":
            raise InputError(
                tr(
                    "{where}: model_type is {kind!r:.60}; jianghu reads dense Qwen3 models (model_type qwen3), such as "
                    "Qwen/Qwen3-0.6B-Base.",
                    where=where,
                    kind=data.get("model_type"),
                )
            )
        _refuse_what_is_not_ours(data, where)
        rope = data.get("rope_parameters")
        theta = {"rope_theta": 10000.0, **data, **(rope if isinstance(rope, dict) else {})}
        config = cls(
            vocab_size=_count(data, "vocab_size", where),
            block_size=_count(data, "max_position_embeddings", where, LONGEST),
            n_layer=_count(data, "num_hidden_layers", where),
            n_head=_count(data, "num_attention_heads", where),
            n_kv_head=_count(data, "num_key_value_heads", where),
            n_embd=_count(data, "hidden_size", where),
            n_inner=_count(data, "intermediate_size", where),
            rope_theta=_positive(theta, "rope_theta", where),
            norm_eps=_positive(data, "rms_norm_eps", where),
            head_dim=_count({"head_dim": 128, **data}, "head_dim", where, 1 << 16),  # Qwen3's own default
            tied=data.get("tie_word_embeddings", False) is True,
        )
        if config.head_dim % 2 or config.n_head % config.n_kv_head:
            raise InputError(
                tr(
                    "{where}: head_dim {head_dim} must be even and num_attention_heads {n_head} a multiple of "
                    "num_key_value_heads {n_kv_head}; see whether the file is whole.",
                    where=where,
                    head_dim=config.head_dim,
                    n_head=config.n_head,
                    n_kv_head=config.n_kv_head,
                )
            )
        return config

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary, for manifests and comparison."""
        return asdict(self)


def _refuse_what_is_not_ours(data: dict[str, object], where: str) -> None:
    """See that no option of Qwen3 is used that our model does not have."""
    for key in ("attention_bias", "use_sliding_window", "quantization_config"):
        if data.get(key):
            raise InputError(tr("{where}: {key} is on, which jianghu's model does not have.", where=where, key=key))
    if data.get("hidden_act", "silu") != "silu":
        raise InputError(tr("{where}: hidden_act is not silu, which jianghu's model has.", where=where))
    for key in ("rope_parameters", "rope_scaling"):
        rope = data.get(key)
        kind = (rope.get("rope_type") or rope.get("type") or "default") if isinstance(rope, dict) else "default"
        if kind != "default":
            raise InputError(
                tr(
                    "{where}: {key} is of the kind {kind!r:.40}; jianghu's model has plain rotary positions. Remove it "
                    "from the file to use the model at its own length.",
                    where=where,
                    key=key,
                    kind=kind,
                )
            )


def _count(data: dict[str, object], key: str, where: str, most: int = LARGEST) -> int:
    """A whole number above 0 of config.json."""
    if key not in data:
        raise InputError(tr("{where}: {key} is missing.", where=where, key=key))
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise InputError(
            tr(
                "{where}: {key} is {value!r:.40}; it must be a whole number from 1 to {most:,}.",
                where=where,
                key=key,
                value=value,
                most=most,
            )
        )
    return value


def _positive(data: dict[str, object], key: str, where: str) -> float:
    """A finite number above 0 of config.json."""
    if key not in data:
        raise InputError(tr("{where}: {key} is missing.", where=where, key=key))
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e30:
        raise InputError(
            tr("{where}: {key} is {value!r:.40}; it must be a number above 0.", where=where, key=key, value=value)
        )
    return float(value)
