from generation.models.advancing import Advancing
from generation.models.connection import Connection
from generation.models.generation import Generation
from generation.models.image_generation import ImageGeneration
from generation.models.ledger import Budget, LedgerEntry, exact
from generation.models.prompt_template import PromptTemplate
from generation.models.worker import Worker

__all__ = [
    "Advancing",
    "Budget",
    "Connection",
    "Generation",
    "ImageGeneration",
    "LedgerEntry",
    "PromptTemplate",
    "Worker",
    "exact",
]
