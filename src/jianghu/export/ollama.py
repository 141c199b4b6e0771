"""The Modelfile with which `ollama create` takes a GGUF file."""

from __future__ import annotations

from ..model import Checkpoint
from ..recipe import SampleSettings
from ..tokenizer import END_OF_TEXT, IM_END, IM_START

CHAT = (
    "{{- range .Messages }}" + IM_START + "{{ .Role }}\n"
    "{{ .Content }}" + IM_END + "\n"
    "{{ end }}" + IM_START + "assistant\n"
)
"""The chat template in Go's language. It cannot strip white space around a content, as ours does."""

PLAIN = "{{ .Prompt }}"
"""A model that was only pretrained continues the text it is given."""


def modelfile(checkpoint: Checkpoint, gguf: str, sampling: SampleSettings) -> str:
    """The Modelfile's text.

    Args:
        gguf: name of the GGUF file, which lies beside the Modelfile.
        sampling: what a user gets who sets nothing.
    """
    chat = checkpoint.about.get("stage") in ("sft", "dpo")
    # Ollama lays the penalty on the question's own words too, and those are what the answer needs.
    penalty = 1.0 if chat else sampling.repetition_penalty
    parameters = {
        "num_ctx": checkpoint.model.config.block_size,
        "num_predict": sampling.max_new_tokens,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "repeat_penalty": penalty,
    }
    return "\n".join(
        [
            f"FROM ./{gguf}",
            f'TEMPLATE """{CHAT if chat else PLAIN}"""',
            *(f"PARAMETER {name} {value}" for name, value in parameters.items()),
            *(f'PARAMETER stop "{token}"' for token in (IM_END, END_OF_TEXT)),
            "",
        ]
    )
