"""Whole call logs: scored on all cores in memory that does not grow, stopped and resumed at will.

read (`analyzer.reading.logs`) -> chunks -> score on every core (`local`, or `cluster` over many
machines) -> parts of tables in a folder (`output`)
"""

from analyzer.batch.run import Summary, batch
from analyzer.batch.work import Options

__all__ = ["Options", "Summary", "batch"]
