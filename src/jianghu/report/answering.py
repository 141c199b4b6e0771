"""The checkpoint that answers in the report: its weights, its script, and the exam that these very weights took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .. import files
from ..evaluation import ExamResult
from ..export.html import Packed, bundle, pack, weights_block, worker_script
from ..model import Checkpoint, weight_files
from .facts import Facts


@dataclass(frozen=True)
class Answering:
    """A checkpoint for the page.

    Attributes:
        name: as the user typed it.
        fine_tuned: whether it answers questions; one that was only pretrained continues texts.
        exam: of these weights; None if they took none.
    """

    name: str
    fine_tuned: bool
    packed: Packed
    exam: ExamResult | None

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script starts from. It writes as in the exam: greedily, with the same length and penalty."""
        taken = self.exam.eval_settings if self.exam else {}
        settings = {
            "temperature": 0,
            "max_tokens": taken.get("max_new_tokens", 96),
            "repetition_penalty": taken.get("repetition_penalty", 1.0),
        }
        return {
            "worker": worker_script(),
            "engine": self.packed.about,
            "settings": settings,
            "asks": self.fine_tuned,
        }

    @property
    def weights(self) -> Markup:
        """The element that holds the weights; the last of the page."""
        return Markup(weights_block(self.packed))

    @property
    def script(self) -> Markup:
        """The page's side of it."""
        return Markup(bundle(["answering"], {"answering": "report", "engine": "export/html/page"}))


def answering(name: str, checkpoint: Checkpoint, facts: Facts) -> Answering:
    """Make a checkpoint ready for the page, in 8 bits.

    Raises:
        InputError: it cannot be packed; see `export.html.pack`.
    """
    weights = {files.sha256_file(path) for path in weight_files(checkpoint.path)}
    taken = [exam for exam in facts.exams if weights & set(exam.inputs.values())]
    exam = next((exam for exam in taken if not exam.partial), taken[0] if taken else None)
    return Answering(name, checkpoint.about.get("stage") != "pretrain", pack(checkpoint), exam)
