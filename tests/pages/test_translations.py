"""Every text of the pages is there in every language."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import feedsvc
from feedsvc.pages.languages import LANGUAGES, TRANSLATIONS
from feedsvc.reference.openapi import build_document
from feedsvc.reference.outline import read_outline
from feedsvc.reference.texts import list_texts
from tests.conftest import make_settings

PACKAGE = Path(feedsvc.__file__).parent
CATALOGUES = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


def texts() -> set:
    """What the pages say, as gettext knows it: one text, or those of one and of many.

    It stands in the templates and the hub, and for the reference where what it tells of stands.
    """
    places = [("**/templates/**.html", "jinja2"), ("hub/views.py", "python")]
    found = extract_from_dir(str(PACKAGE), places)
    document = build_document(make_settings("sqlite:///none.db"))
    return {message for _, _, message, _, _ in found} | list_texts(read_outline(document))


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def said(message: Message) -> tuple[list[str], list[str]]:
    """What a message is and how it is said; of one thing and of many, if it tells them apart."""
    return (
        [message.id] if isinstance(message.id, str) else list(message.id),
        [message.string] if isinstance(message.string, str) else list(message.string),
    )


def test_every_language_but_english_has_a_catalogue():
    assert {path.parts[-3] for path in CATALOGUES} == LANGUAGES.keys() - {"en"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_text_is_translated_and_no_other(path):
    messages = {message.id: message for message in catalogue(path) if message.id}
    assert messages.keys() == texts()
    for message in messages.values():
        assert not message.fuzzy
        assert all(said(message)[1])
        assert not list(message.check())


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_compiled_catalogue_is_that_of_the_texts(path):
    """`make translations` compiles it."""
    with path.with_suffix(".mo").open("rb") as file:
        compiled = [said(message) for message in read_mo(file) if message.id]
    assert sorted(compiled) == sorted(said(message) for message in catalogue(path) if message.id)
