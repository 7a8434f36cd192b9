"""Writes the scenes of a storyboard as files that `projects.importers` reads back."""
