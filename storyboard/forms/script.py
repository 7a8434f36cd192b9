"""A script that is pasted or uploaded, and which of its scenes are wanted. Nothing is made before it has been previewed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.http import QueryDict

from projects.importers.decoding import MAX_BYTES, refuse_too_large
from projects.importers.detection import Format, read
from projects.importers.drafts import Draft, Script, Unreadable
from projects.models import Project, Scene

EXAMPLE = """INT. LIGHTHOUSE - NIGHT

The keeper climbs the last steps and opens the door to the lamp.

KEEPER
Not tonight."""
NOTHING = "Paste a script or choose a file first."


class ScriptForm(forms.Form):
    """Valid with a `script` that could be read, or where none is `needed`, without one."""

    script = forms.CharField(required=False, strip=False)
    file = forms.FileField(
        label="Or a file", required=False, error_messages={"empty": "This file is empty. Choose another."}
    )
    format = forms.ChoiceField(required=False, choices=[("", "Recognised by itself"), *Format.choices])
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needed = needed
        self.found: Script | None = None
        #: The file that was read; where there is one, what is pasted is left aside.
        self.file_name = ""
        self.fields["script"].widget = forms.Textarea(attrs={"rows": 10, "placeholder": EXAMPLE, "spellcheck": "false"})
        self.fields["file"].widget.attrs |= {
            "accept": ".fountain,.spmd,.txt,.md,.csv,.tsv,.tab,text/plain,text/csv",
            "data-max-bytes": MAX_BYTES,
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        upload, pasted = values.get("file"), values.get("script", "")
        if "file" in self.errors or "format" in self.errors:
            return values
        try:
            if upload:
                refuse_too_large(upload.size)
                self.found = read(upload.read(), name=upload.name, as_format=values["format"])
            elif pasted.strip():
                self.found = read(pasted.encode(), as_format=values["format"])
            elif self.needed:
                raise Unreadable(NOTHING)
        except Unreadable as error:
            self.add_error("file" if upload else "script", error)
        if self.found:
            self.file_name = upload.name if upload else ""
            self._show_what_was_read(self.found)
        return values

    def _show_what_was_read(self, found: Script) -> None:
        """The form comes back with the text of the file in place of the file, which a browser would forget."""
        data = cast(QueryDict, self.data).copy()
        data["script"] = found.text
        if self.file_name:
            data["format"] = found.format
        self.data = data

    @property
    def digest(self) -> str:
        """Of what was read; a preview carries it, so that what is added is what was seen."""
        assert self.found
        return hashlib.sha256(f"{self.found.format}\n{self.found.text}".encode()).hexdigest()[:16]

    @property
    def format_name(self) -> str:
        assert self.found
        return Format(self.found.format).label

    @property
    def was_previewed(self) -> bool:
        return self.found is not None and self.cleaned_data.get("previewed") == self.digest

    def rows(self) -> Iterator[tuple[int, Draft, bool]]:
        """Number, draft and whether it is wanted; all are until somebody has had the choice."""
        wanted = set(cast(QueryDict, self.data).getlist("include"))
        for number, draft in enumerate(self.found.drafts if self.found else []):
            yield number, draft, not self.was_previewed or str(number) in wanted

    def scenes(self, project: Project) -> list[Scene]:
        """The scenes that are wanted, not saved yet."""
        return [draft.scene(project) for _, draft, is_wanted in self.rows() if is_wanted]


class PlaceField(forms.ModelChoiceField[Scene]):
    def label_from_instance(self, obj: Scene) -> str:
        return f"Behind {obj}"


class ImportForm(ScriptForm):
    """Into a storyboard that there is already."""

    after = PlaceField(
        Scene.objects.none(),
        label="Where",
        required=False,
        empty_label="At the end",
        error_messages={"invalid_choice": "That scene is no longer in this storyboard. Choose another place."},
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scenes = project.scenes.filter(deleted_at=None).only("project", "position", "title")
        cast(PlaceField, self.fields["after"]).queryset = scenes
