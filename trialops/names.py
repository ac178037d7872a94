"""The names of models and their fields, said in the language of who reads them.

A name that nobody has written out is made by Django from the Python name (`birth_year`: "birth year"), in English. Here
each becomes a message of the catalogue, so that the admin, its forms and the histories show it translated.
"""

from collections.abc import Callable, Iterable, Iterator

from django.apps import apps
from django.db.models import Field, Model
from django.utils.translation import gettext_lazy

OWN = ("trialops", "accounts", "audit", "trial_sites", "screening", "dashboards")
"""Labels of the product's apps; the names in others are theirs to translate."""


def translate_names() -> None:
    """To be called when all models are there. Migrations do not see it: they keep what the models themselves say."""
    for model in own_models():
        options = model._meta
        said = {name: getattr(options, name) for name in ("verbose_name", "verbose_name_plural")}
        for name, text in said.items():
            if name not in options.original_attrs or isinstance(text, str):
                setattr(options, name, gettext_lazy(str(text)))
        for field in own_fields(model):
            if isinstance(field.verbose_name, str):
                field.verbose_name = gettext_lazy(field.verbose_name)


def own_models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OWN:
            yield model


def own_fields(model: type[Model]) -> Iterator["Field[object, object]"]:
    """The concrete fields that the model itself declares or takes from an abstract one."""
    yield from model._meta.local_fields
    yield from model._meta.local_many_to_many


words: list[Callable[[], Iterable[str]]] = []
"""Where apps add words that `trialops.language.word` looks up, so that they stand in the catalogue."""


def names() -> set[str]:
    """Every name and word, in English, for the catalogue."""
    found: set[str] = set()
    for model in own_models():
        found |= {str(model._meta.verbose_name), str(model._meta.verbose_name_plural)}
        found |= {str(field.verbose_name) for field in own_fields(model)}
    return found.union(*(source() for source in words))
