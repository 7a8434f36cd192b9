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
    """Each `take` is a scene and the number of the take to make of it, as 12:3."""

    def __init__(self, data: QueryDict, scenes: list[Scene], roster: Roster) -> None:
        super().__init__(data)
        self.fields["take"] = forms.MultipleChoiceField(
            choices=[(take_choice(scene), scene.title) for scene in scenes],
            error_messages={
                "required": "Tick the scenes to make a take of.",
                "invalid_choice": "A scene has changed since this page was opened. Look at the list again.",
            },
        )
        models = [("", "Each scene's own model"), *model_names(roster)]
        self.fields["model"] = forms.ChoiceField(choices=models, required=False, label="Made with")

    @property
    def numbers(self) -> dict[int, int]:
        pairs = (choice.split(":") for choice in self.cleaned_data["take"])
        return {int(scene): int(number) for scene, number in pairs}
