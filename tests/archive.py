"""An archive of any size, made by the database itself: a million articles in a minute or two."""

from typing import Any

from feedsvc import migrations
from feedsvc.db import Database

#: Every article has a place in time, a minute after the one before it; the last was of 2023.
FIRST_AT = 1_640_000_000_000_000
MINUTE = "CAST(60000000 AS BIGINT)"
#: Of how many articles, the statement says when it is run.
NUMBERS = (
    "WITH RECURSIVE numbers (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :articles)"
)
STAMP = f"1, {FIRST_AT} + n * {MINUTE}, n"
#: Sections: `tin-tuc` above two that have a quarter of all each, and two that stand alone.
CATEGORIES = {1: ("tin-tuc", None), 2: ("thoi-su", 1), 3: ("xa-hoi", 1), 4: ("kinh-te", None),
              5: ("hiem", None)}  # fmt: skip
FILL = (
    "INSERT INTO source (id, name, dialect, created_at, scheme) VALUES (1, 'desk', '', 0, '')",
    *(
        "INSERT INTO category (id, slug, name, parent_id, change, created_at, changed_at)"
        f" VALUES ({id_}, '{slug}', '{slug}', {parent or 'NULL'}, 0, 0, 0)"
        for id_, (slug, parent) in CATEGORIES.items()
    ),
    "INSERT INTO tag (id, slug, name) VALUES (1, 'nhieu', 'nhiều'), (2, 'hiem', 'hiếm')",
    "INSERT INTO author (id, slug, name) VALUES (1, 'b-h', 'B.H'), (2, 'c-d', 'C.D')",
    "INSERT INTO article (source_id, external_id, guid, state, version, change, digest, url, title,"
    " summary, content_html, language, authors, tags, categories, attachments, published_at,"
    " modified_at, ordered_at, occurred_at, visible_at, correction, content_policy) "
    + NUMBERS
    + " SELECT 1, 'a-' || n, 'urn:a-' || n, 1, 1, n, '', 'https://news.example/' || n, 'Tin ' || n,"
    " '', '<p>Bài</p>', CASE WHEN n % 10 = 0 THEN 'en' ELSE 'vi' END, '[]', '[]', '[]', '[]',"
    f" {FIRST_AT} + n * {MINUTE}, {FIRST_AT} + n * {MINUTE}, 0, 0, {FIRST_AT} + n * {MINUTE},"
    " '', 'full' FROM numbers ORDER BY n",
    *(
        "INSERT INTO article_category (article_id, category_id, direct, state, visible_at, change)"
        f" {NUMBERS} SELECT n, {id_}, 1 = 1, {STAMP} FROM numbers WHERE {where}"
        for id_, where in (
            (1, "n % 4 IN (0, 1)"),
            (2, "n % 4 = 0"),
            (3, "n % 4 = 1"),
            (4, "n % 4 = 2"),
            (5, "n % 20000 = 7"),
        )
    ),
    *(
        f"INSERT INTO article_tag (article_id, tag_id, state, visible_at, change)"
        f" {NUMBERS} SELECT n, {id_}, {STAMP} FROM numbers WHERE {where}"
        for id_, where in ((1, "n % 3 = 0"), (2, "n % 50000 = 0"))
    ),
    *(
        f"INSERT INTO article_author (article_id, author_id, state, visible_at, change)"
        f" {NUMBERS} SELECT n, {id_}, {STAMP} FROM numbers WHERE {where}"
        for id_, where in ((1, "n % 2 = 0"), (2, "n % 2 = 1"))
    ),
    "UPDATE change_counter SET value = :articles",
)
#: Every article has one word, some have another, and few a third.
WORDS = (
    "'tin' || CASE WHEN n % 3 = 0 THEN ' nhieu' ELSE '' END"
    " || CASE WHEN n % 50000 = 0 THEN ' hiem' ELSE '' END"
)
SECOND = f"({FIRST_AT} + n * {MINUTE}) / 1000000"
INDEX_FTS5 = (
    f"INSERT INTO article_search (rowid, folded, typed) {NUMBERS}"
    f" SELECT {SECOND} << 25 | n, {WORDS}, {WORDS} FROM numbers"
)
INDEX_GIN = (
    "INSERT INTO article_search (article_id, visible_at, lexemes, folded, typed)"
    f" {NUMBERS}, texts AS (SELECT n, {SECOND} AS second, {WORDS} AS words FROM numbers)"
    f" SELECT n, {FIRST_AT} + n * {MINUTE}, array_to_tsvector(ARRAY(SELECT (second >> 19) || ':' ||"
    " word FROM unnest(string_to_array(words, ' ')) AS word)), words, words FROM texts"
)  # fmt: skip


def fill(database: Database, url: str, articles: int) -> None:
    """Fill an empty database."""
    assert migrations.read_schema(database)
    is_sqlite = database.path is not None

    def run(statement: str) -> Any:
        statement = statement.replace(":articles", str(articles))
        # A sign that PostgreSQL's driver takes for a place.
        return database.peewee.execute_sql(statement if is_sqlite else statement.replace("%", "%%"))

    def work() -> None:
        for statement in FILL:
            run(statement)
        if is_sqlite:
            run(INDEX_FTS5)
            return
        definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'article_search_lexemes'"
        ((create,),) = run(definition).fetchall()
        run("DROP INDEX article_search_lexemes")
        run(INDEX_GIN)
        run(create)

    database.run_ddl(work)
    if is_sqlite:
        database.run_ddl(lambda: run("ANALYZE"))
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # as PostgreSQL does by itself, a little later
