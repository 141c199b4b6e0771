"""Preference pairs: what a checkpoint answers wrongly, beside what is right."""

from .score import PreferenceScore

__all__ = ["PreferenceScore"]
