"""The documents say what is so."""

import os
import re
from pathlib import Path

from click import Group
from pydantic_core import PydanticUndefined

from feedsvc.cli import main
from feedsvc.settings import SECRET, Settings, variable_name

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


def settings_table() -> str:
    """The table of all settings, as the README has it."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", PydanticUndefined) else f"`{field.default}`"
        secret = " (secret)" if field.json_schema_extra == SECRET else ""
        rows.append(f"| `{variable_name(name)}` | {default} | {field.description}{secret} |")
    return "\n".join(rows)


def test_readme_has_every_setting_with_its_default_and_meaning():
    """UPDATE_README=1 writes the table; the test fails then, so that it is looked at."""
    text = README.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if os.environ.get("UPDATE_README"):
        README.write_text(f"{text[:begin]}\n{settings_table()}\n{text[end:]}", encoding="utf-8")
    assert text[begin:end].strip() == settings_table()


def test_every_setting_has_a_meaning():
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_readme_names_every_command():
    text = README.read_text(encoding="utf-8")
    for name, command in main.commands.items():
        if isinstance(command, Group):
            for inner in command.commands:
                assert f"`feedsvc {name} {inner}" in text
        else:
            assert f"`feedsvc {name}" in text


def test_links_between_documents_lead_somewhere():
    for document in (*ROOT.glob("*.md"), *ROOT.glob("feedsvc/**/*.md"), *ROOT.glob("deploy/*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document}: {target}"
