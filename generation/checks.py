from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from generation.catalogue import all_models, own_model


@register()
def queues_outlast_their_tasks(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """django-q delivers a task again after `retry`; every task the cluster may hold must be over by then."""
    default = {key: value for key, value in settings.Q_CLUSTER.items() if key != "ALT_CLUSTERS"}
    found = []
    for name, queue in {default["cluster_name"]: default, **settings.Q_CLUSTER["ALT_CLUSTERS"]}.items():
        rounds = 1 + -(-(queue["queue_limit"] + queue["bulk"]) // queue["workers"])
        if queue["retry"] <= queue["timeout"] * rounds:
            found.append(
                Error(
                    f"The queue {name} delivers tasks again before they can be over.",
                    hint=f"Set its retry above {queue['timeout'] * rounds} s.",
                    id="generation.E001",
                )
            )
    return found


@register()
def catalogue_can_be_read(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    try:
        all_models()
        own_model()
    except (ImproperlyConfigured, ValueError) as error:
        return [Error(str(error), id="generation.E002")]
    return []
