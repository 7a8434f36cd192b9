from generation.catalogue.loader import Model, all_models, default_video_model, find

__all__ = ["Model", "all_models", "default_video_model", "find"]
