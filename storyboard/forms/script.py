"""A pasted or uploaded script, and the selection of its scenes. Nothing is created before it was previewed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.http import QueryDict

from projects.importers.decoding import MAX_BYTES, refuse_too_large
from projects.importers.detection import Format, read
from projects.importers.drafts import Draft, Script, UnreadableScript
from projects.models import Project, Scene

EXAMPLE = """INT. LIGHTHOUSE - NIGHT

The keeper climbs the last steps and opens the door to the lamp.

KEEPER
Not tonight."""
NO_SCRIPT = "Paste a script or choose a file first."


class ScriptForm(forms.Form):
    """Valid with a readable script, or without one if it is not `needed`. `parsed` is the script that was read."""

    script = forms.CharField(required=False, strip=False)
    file = forms.FileField(
        label="Or a file", required=False, error_messages={"empty": "This file is empty. Choose another."}
    )
    format = forms.ChoiceField(required=False, choices=[("", "Detect automatically"), *Format.choices])
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needed = needed
        self.parsed: Script | None = None
        #: Name of the uploaded file; pasted text is ignored if there is one.
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
                self.parsed = read(upload.read(), name=upload.name, as_format=values["format"])
            elif pasted.strip():
                self.parsed = read(pasted.encode(), as_format=values["format"])
            elif self.needed:
                raise UnreadableScript(NO_SCRIPT)
        except UnreadableScript as error:
            self.add_error("file" if upload else "script", error)
        if self.parsed:
            self.file_name = upload.name if upload else ""
            self._fill_in_text(self.parsed)
        return values

    def _fill_in_text(self, script: Script) -> None:
        # Show the file's text in the form: browsers do not keep a chosen file when the form is shown again.
        data = cast(QueryDict, self.data).copy()
        data["script"] = script.text
        if self.file_name:
            data["format"] = script.format
        self.data = data

    @property
    def digest(self) -> str:
        # Of format and text. The preview posts it back, so that only what was previewed is created.
        assert self.parsed
        return hashlib.sha256(f"{self.parsed.format}\n{self.parsed.text}".encode()).hexdigest()[:16]

    @property
    def format_name(self) -> str:
        assert self.parsed
        return Format(self.parsed.format).label

    @property
    def was_previewed(self) -> bool:
        return self.parsed is not None and self.cleaned_data.get("previewed") == self.digest

    def rows(self) -> Iterator[tuple[int, Draft, bool]]:
        # Number, draft and whether it is selected. All are selected until the script was previewed.
        selected = set(cast(QueryDict, self.data).getlist("include"))
        for number, draft in enumerate(self.parsed.drafts if self.parsed else []):
            yield number, draft, not self.was_previewed or str(number) in selected

    def scenes(self, project: Project) -> list[Scene]:
        # The selected scenes, unsaved.
        return [draft.build_scene(project) for _, draft, is_selected in self.rows() if is_selected]


class AfterSceneField(forms.ModelChoiceField[Scene]):
    def label_from_instance(self, obj: Scene) -> str:
        return f"After {obj}"


class ImportForm(ScriptForm):
    """Imports into an existing storyboard."""

    after = AfterSceneField(
        Scene.objects.none(),
        label="Position",
        required=False,
        empty_label="At the end",
        error_messages={"invalid_choice": "That scene is no longer in this storyboard. Choose another position."},
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scenes = project.scenes.filter(deleted_at=None).only("project", "position", "title")
        cast(AfterSceneField, self.fields["after"]).queryset = scenes
