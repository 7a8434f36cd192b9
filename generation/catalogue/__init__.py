from generation.catalogue.loader import all_models, default_video_model, find, own_model
from generation.catalogue.model import Extension, Model

__all__ = ["Extension", "Model", "all_models", "default_video_model", "find", "own_model"]
