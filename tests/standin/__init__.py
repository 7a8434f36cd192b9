"""A stand-in for the hosted providers, on loopback: as strict as the real ones, with faults on demand and its own accounts.

`StandIn` serves all protocols; each is a module with `routes(state)`. Tests assert on `state`: the requests that arrived, the
charges and the clips.
"""

from tests.standin.server import StandIn, standing_in
from tests.standin.state import Charge, Clip, Fault, State

__all__ = ["Charge", "Clip", "Fault", "StandIn", "State", "standing_in"]
