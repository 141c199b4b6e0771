"""`python -m jianghu`."""

from .cli import main

main()
