from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from generation.catalogue import all_models, own_model


@register()
def queues_outlast_their_tasks(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    # django-q delivers a task again after `retry`. By then every task that the cluster may hold must have ended.
    default = {key: value for key, value in settings.Q_CLUSTER.items() if key != "ALT_CLUSTERS"}
    errors = []
    for name, queue in {default["cluster_name"]: default, **settings.Q_CLUSTER["ALT_CLUSTERS"]}.items():
        # The last task in the queue waits for all before it, `workers` at a time.
        rounds = 1 + -(-(queue["queue_limit"] + queue["bulk"]) // queue["workers"])
        if queue["retry"] <= queue["timeout"] * rounds:
            errors.append(
                Error(
                    f"Queue {name} delivers tasks again while they may still run.",
                    hint=f"Set retry above {queue['timeout'] * rounds} s.",
                    id="generation.E001",
                )
            )
    return errors


@register()
def catalogue_can_be_read(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    try:
        all_models()
        own_model()
    except (ImproperlyConfigured, ValueError) as error:
        return [Error(str(error), id="generation.E002")]
    return []
