"""Jianghu: a shelf of novels goes in; a small language model that has read them comes out."""

__version__ = "0.1.0"
