from generation.catalogue.loader import Extension, Model, all_models, default_video_model, find, own_model

__all__ = ["Extension", "Model", "all_models", "default_video_model", "find", "own_model"]
