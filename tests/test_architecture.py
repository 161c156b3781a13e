"""The layout of the house: who may import whom, and why. Read from the code, never run."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "feedsvc"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

EVERY_ROOM = {
    "articles",
    "app",
    "db",
    "demo",
    "errors",
    "feeds",
    "hub",
    "incoming",
    "ingest",
    "kinds",
    "logs",
    "migrations",
    "models",
    "pages",
    "problems",
    "push",
    "reference",
    "rendering",
    "secrecy",
    "server",
    "serving",
    "settings",
    "vault",
}
#: room -> what it may import, and the reason that a failure gives.
MAY_IMPORT = {
    "errors": (set(), "errors are data that everything shares"),
    "settings": ({"errors"}, "settings are read before anything else is there"),
    "db": ({"errors"}, "the database knows transactions, not tables"),
    "models": ({"db"}, "tables hold no verbs"),
    "migrations": ({"db", "errors"}, "migrations are frozen: today's models must not reach them"),
    "articles": ({"models", "db", "errors"}, "the store knows nothing of HTTP or feeds"),
    "rendering": ({"articles", "errors"}, "rendering is pure: values in, bytes out"),
    "server": ({"logs"}, "the server's processes have nothing to do with what clients ask for"),
    "serving": ({"errors"}, "serving knows bytes and validators, nothing of articles"),
    "kinds": (set(), "what can go wrong is called by names that everything shares"),
    "logs": (set(), "a line is written the same, whatever it says"),
    "secrecy": (set(), "how secrets are kept is the same wherever they are"),
    "vault": ({"errors"}, "keys are sealed the same for whoever keeps them"),
    "incoming": ({"errors", "settings"}, "what clients send is read the same, whatever it is"),
    "problems": ({"errors", "kinds", "secrecy"}, "an answer to an error needs only the error"),
    "feeds": (
        {"articles", "rendering", "serving", "models", "db", "settings", "errors", "secrecy"},
        "feeds read what ingest wrote, and never meet it",
    ),
    "ingest": (
        {"articles", "rendering", "feeds.catalog", "models", "db", "settings", "errors"}
        | {"incoming", "kinds", "problems", "secrecy", "vault"},
        "ingest commits a change; who is told of it is not its business",
    ),
    "hub": (
        {"articles", "feeds", "rendering", "models", "db", "settings", "errors", "kinds"}
        | {"incoming", "logs", "problems", "secrecy", "serving", "vault"},
        "the hub watches the change counter, not ingest",
    ),
    "pages": (
        {"feeds", "articles", "rendering", "serving", "db", "settings"},
        "pages show feeds",
    ),
    "demo": (
        {"articles", "ingest", "pages", "serving", "push", "db", "settings", "errors", "vault"},
        "sample news comes in by the door that all news comes in by",
    ),
    "reference": (
        {"feeds", "hub", "ingest", "kinds", "pages", "problems", "rendering", "serving", "settings"}
        | {"errors"},
        "the reference reads what every room says of itself, and no database",
    ),
    "push": ({"errors"}, "the sender's side shares nothing with the service"),
    "app": (
        EVERY_ROOM - {"push", "server"},
        "the application is put together without the command line",
    ),
    "cli": (EVERY_ROOM, "the command line is an edge"),
    "__main__": ({"cli"}, "it is the command line by another name"),
}
#: a package -> the only places that may import it.
ONLY_IN = {
    "brotli": {"serving.codings"},
    "backports": {"serving.codings"},
    "flask": {"app", "problems", "serving", "*.views", "incoming.bodies", "ingest.api"},
    "flask_babel": {"pages", "*.views"},
    "feedgen": {"rendering"},
    "gunicorn": {"server"},
    "lxml": {"rendering", "feeds.directory.opml", "feeds.directory.sitemap"},
    "peewee": {"db", "models", "migrations", "articles", "feeds", "ingest", "hub"},
    "playhouse": {"db", "migrations"},
    "urllib.request": {"push"},
    "aiohttp": {"hub.delivery"},
    "standardwebhooks": {"push"},
    "cryptography": {"vault"},
}
#: the only modules that ask the database anything.
MAY_QUERY = {
    "articles.store",
    "articles.lookup",
    "articles.categories",
    "articles.filings",
    "articles.labels",
    "articles.release",
    "articles.search_index",
    "articles.statements",
    "articles.withdrawal",
    "feeds.fragments",
    "feeds.headlines",
    "feeds.listing",
    "feeds.ranges",
    "feeds.catalog",
    "feeds.changes",
    "feeds.archive",
    "feeds.search",
    "feeds.saved.rows",
    "feeds.saved.store",
    "feeds.saved.delay",
    "feeds.saved.subscribers",
    "ingest.sources",
    "ingest.inbox",
    "ingest.aliases",
    "hub.subscriptions",
    "hub.jobs",
    "hub.outcomes",
    "db",
    "migrations",
}
QUERY_VERBS = {"select", "insert", "insert_many", "insert_from", "delete", "get_or_none"} | {
    "get_by_id",
    "execute_sql",
    "raw",
}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if not path.name[0].isdigit())


def module_name(path: Path) -> str:
    """`articles.store` for feedsvc/articles/store.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported_names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: write imports from the package's root"
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_rooms_import_only_what_they_may(path):
    name = module_name(path)
    room = name.partition(".")[0]
    if not room:
        return
    allowed, reason = MAY_IMPORT[room]
    for imported in imported_names(path):
        if not imported.startswith("feedsvc."):
            continue
        target = imported.removeprefix("feedsvc.")
        ok = target.partition(".")[0] in allowed | {room} or any(
            target == one or target.startswith(f"{one}.") for one in allowed
        )
        # `from feedsvc.feeds import catalog` names the room first and the module after it.
        ok = ok or any(one.startswith(f"{target}.") for one in allowed)
        ok = ok or target == "__version__"
        assert ok, f"{name} must not import {target}: {reason}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_libraries_stay_in_their_rooms(path):
    name = module_name(path)
    for imported in imported_names(path):
        for library, places in ONLY_IN.items():
            if imported == library or imported.startswith(f"{library}."):
                room = name.partition(".")[0]
                is_view = name.endswith(".views") and "*.views" in places
                assert {name, room} & places or is_view, f"{name} must not import {library}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_queries_live_behind_verbs(path):
    name = module_name(path)
    if {name, name.partition(".")[0]} & MAY_QUERY:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in QUERY_VERBS, (
                f"{name}, line {node.lineno}: a query belongs behind a verb of the store"
            )


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_settings_read_the_environment(path):
    name = module_name(path)
    text = path.read_text(encoding="utf-8")
    if name.partition(".")[0] == "settings":
        return
    assert "getenv" not in text
    assert "os.environ[" not in text
    assert "os.environ.get" not in text
    assert "import environ" not in text


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, f"{path} is too long: a room is missing"
    if path.name[0].isdigit():
        return  # a migration is one list of tables
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{path}: {node.name} has {lines} lines"


def test_migrations_know_nothing_of_todays_models():
    for path in (PACKAGE / "migrations").glob("[0-9]*.py"):
        assert not any("feedsvc" in name for name in imported_names(path)), path


def test_wsgi_imports_only_the_app():
    names = {name for name in imported_names(ROOT / "wsgi.py") if name.startswith("feedsvc")}
    assert names == {"feedsvc.app", "feedsvc.app.create_app"}
