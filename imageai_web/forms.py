from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Renders the fields of all forms, including allauth's, with our template."""

    field_template_name = "_field.html"
