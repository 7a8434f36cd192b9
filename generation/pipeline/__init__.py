"""Moves generations along. The only code that changes a status.

`enqueue` makes the row, `advance` takes one step of it under a lease, `cancel` stops it. A step that dies leaves a row that
is due again when its lease runs out; what may then be done depends on its status alone:

- a local render is simply done again;
- a row found in `submitting` may have been charged: it is looked up at the provider, and where that tells nothing a person
  decides (`unknown`); it is never submitted again;
- a row with a provider's id is asked about for as long as the provider knows it.
"""

from generation.pipeline.batches import enqueue_chosen, enqueue_missing
from generation.pipeline.enqueue import Enqueued, cancel, enqueue
from generation.pipeline.image_jobs import cancel_images, enqueue_images, image_obstacles
from generation.pipeline.runner import POLL_SECONDS, advance, advance_images, poll_many
from generation.pipeline.transitions import MAX_ATTEMPTS, IllegalTransition
from generation.quoting.quotes import Asked

__all__ = [
    "MAX_ATTEMPTS",
    "POLL_SECONDS",
    "Asked",
    "Enqueued",
    "IllegalTransition",
    "advance",
    "advance_images",
    "cancel",
    "cancel_images",
    "enqueue",
    "enqueue_chosen",
    "enqueue_images",
    "enqueue_missing",
    "image_obstacles",
    "poll_many",
]
