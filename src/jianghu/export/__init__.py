"""A checkpoint for other programs and people: GGUF for llama.cpp and Ollama, a page that answers, a model card, the
Hugging Face Hub."""

from .card import model_card, model_facts
from .gguf import Kind, gguf_name, write_gguf
from .modelscope import push_to_modelscope
from .ollama import modelfile
from .push import files_to_push, push

__all__ = [
    "Kind",
    "files_to_push",
    "gguf_name",
    "model_card",
    "model_facts",
    "modelfile",
    "push",
    "push_to_modelscope",
    "write_gguf",
]
