"""Studies: the same training with one thing changed at a time, several at once, each exactly once."""
