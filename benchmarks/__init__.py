"""Measurements on the machine at hand; each prints the machine, versions, figures and ratios."""
