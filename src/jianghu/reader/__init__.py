"""Answers read from the passages of the books, each with its place and a probability."""

from .reader import Calibration, Reader, Reading, load_reader

__all__ = ["Calibration", "Reader", "Reading", "load_reader"]
