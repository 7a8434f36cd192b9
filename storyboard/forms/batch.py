from __future__ import annotations

from django import forms
from django.http import QueryDict

from generation.connections import Roster
from generation.models import next_take_number
from generation.quoting.quotes import model_names
from projects.models import Scene


def take_choice(scene: Scene) -> str:
    return f"{scene.pk}:{next_take_number(scene)}"


class BatchForm(forms.Form):
    """Each `take` is a scene's id and the number of its next take, as 12:3.

    The number makes a repeated click harmless: a take that exists already is no longer a valid choice.
    """

    def __init__(self, data: QueryDict, scenes: list[Scene], roster: Roster) -> None:
        super().__init__(data)
        self.fields["take"] = forms.MultipleChoiceField(
            choices=[(take_choice(scene), scene.title) for scene in scenes],
            error_messages={
                "required": "Select at least one scene.",
                "invalid_choice": "A scene has changed since this page was opened. Review the list, then try again.",
            },
        )
        models = [("", "Each scene's model"), *model_names(roster)]
        self.fields["model"] = forms.ChoiceField(choices=models, required=False, label="Model")

    @property
    def numbers(self) -> dict[int, int]:
        pairs = (choice.split(":") for choice in self.cleaned_data["take"])
        return {int(scene): int(number) for scene, number in pairs}
