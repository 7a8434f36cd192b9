from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """Every form of the site, allauth's included, shows a field the same way."""

    field_template_name = "_field.html"
