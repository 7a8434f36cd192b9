from tests.attacks.world import visitors, world

__all__ = ["visitors", "world"]
