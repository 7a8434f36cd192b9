"""A stand-in for the hosted providers, on loopback: strict as the real ones, with faults on demand and books of its own.

`StandIn` serves every protocol at once; each protocol is a module with `routes(state)`. What a test asserts on is in
`state`: the requests that arrived, the charges made, the clips held.
"""

from tests.standin.server import StandIn, standing_in
from tests.standin.state import Charge, Clip, Fault, State

__all__ = ["Charge", "Clip", "Fault", "StandIn", "State", "standing_in"]
