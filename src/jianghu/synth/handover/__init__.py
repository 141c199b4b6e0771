"""Records leave for other programs, and come in from them."""
