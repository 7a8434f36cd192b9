from generation.models.connection import Connection
from generation.models.generation import Generation
from generation.models.worker import Worker

__all__ = ["Connection", "Generation", "Worker"]
