"""The scenes of a storyboard as files for other programs; importing reads them back."""
