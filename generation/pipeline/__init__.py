"""Moves takes and image requests from click to file. The only code that changes a status.

`enqueue` makes the row, `advance` takes one step of it under a lease, `cancel` stops it. The guarantees:

- A step runs at least once. One that dies leaves a row that is due again when its lease runs out.
- A request that costs money is sent at most once. A row found in `submitting` may have been charged: it is looked up at the
  provider, else a person decides (`unknown`); it is never submitted again.
- A paid clip is never dropped. A row with a provider's id is polled, and downloaded, for as long as the provider has it.
- A local render costs nothing and is done again.
"""

from generation.pipeline.batches import enqueue_chosen, enqueue_missing
from generation.pipeline.browser_copies import make_copy
from generation.pipeline.enqueue import Enqueued, cancel, enqueue
from generation.pipeline.image_jobs import cancel_images, enqueue_images
from generation.pipeline.runner import POLL_SECONDS, advance, advance_images, poll_many
from generation.pipeline.transitions import MAX_ATTEMPTS, IllegalTransition
from generation.quoting.quotes import Rework

__all__ = [
    "MAX_ATTEMPTS",
    "POLL_SECONDS",
    "Enqueued",
    "IllegalTransition",
    "Rework",
    "advance",
    "advance_images",
    "cancel",
    "cancel_images",
    "enqueue",
    "enqueue_chosen",
    "enqueue_images",
    "enqueue_missing",
    "make_copy",
    "poll_many",
]
