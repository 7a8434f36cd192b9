import functools

import projects.presets
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0004_own_prompt'),
    ]

    operations = [
        migrations.AddField(
            model_name='project',
            name='lighting',
            field=models.CharField(blank=True, choices=functools.partial(projects.presets.choices, 'lighting'), max_length=40),
        ),
        migrations.AddField(
            model_name='project',
            name='lens',
            field=models.CharField(blank=True, choices=functools.partial(projects.presets.choices, 'lens'), max_length=40),
        ),
        migrations.AddField(
            model_name='scene',
            name='lighting',
            field=models.CharField(blank=True, choices=functools.partial(projects.presets.choices, 'lighting'), max_length=40),
        ),
    ]
