"""A model that reads each record with its quote and the text around it, and is measured before it is believed."""

from .claim import Claim, Judgement, claim_of, judgement_of
from .corrupt import WAYS, corrupted
from .measure import Measured, measure
from .strategy import JudgeStrategy

__all__ = [
    "WAYS",
    "Claim",
    "JudgeStrategy",
    "Judgement",
    "Measured",
    "claim_of",
    "corrupted",
    "judgement_of",
    "measure",
]
