"""`python -m analyzer` is the command `kasper`."""

from analyzer.cli import run

run()
