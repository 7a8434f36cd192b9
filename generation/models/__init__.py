from generation.models.connection import Connection
from generation.models.generation import Generation
from generation.models.image_job import ImageJob
from generation.models.job import Job
from generation.models.ledger import Budget, LedgerEntry
from generation.models.prompt_template import PromptTemplate
from generation.models.selection import (
    is_final,
    latest_take,
    live_takes,
    next_take_number,
    scenes_with_takes,
    select_newest,
    select_take,
    selected_take,
    shown_take,
    with_takes,
)
from generation.models.worker import Worker

__all__ = [
    "Budget",
    "Connection",
    "Generation",
    "ImageJob",
    "Job",
    "LedgerEntry",
    "PromptTemplate",
    "Worker",
    "is_final",
    "latest_take",
    "live_takes",
    "next_take_number",
    "scenes_with_takes",
    "select_newest",
    "select_take",
    "selected_take",
    "shown_take",
    "with_takes",
]
