from generation.models.generation import Generation
from generation.models.worker import Worker

__all__ = ["Generation", "Worker"]
