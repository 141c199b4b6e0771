"""A checkpoint for other programs: GGUF for llama.cpp and Ollama, a model card, the Hugging Face Hub."""

from .card import model_card
from .gguf import Kind, gguf_name, write_gguf
from .ollama import modelfile
from .push import files_to_push, push

__all__ = ["Kind", "files_to_push", "gguf_name", "model_card", "modelfile", "push", "write_gguf"]
