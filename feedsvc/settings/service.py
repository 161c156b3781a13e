"""The settings of the service itself: what it takes in, keeps and publishes."""

from pydantic import Field
from pydantic_settings import BaseSettings

from feedsvc.settings.values import (
    SECRET,
    ApiTokens,
    Count,
    HttpUrl,
    LanguageTag,
    Networks,
    Rate,
    StorageUrl,
    ZoneName,
)


class ServiceSettings(BaseSettings):
    """Sizes in bytes or characters, times in seconds."""

    database_url: str = Field(
        "sqlite:///feedsvc.db",
        description="Where articles are kept: `sqlite:///FILE` or `postgresql://…`.",
        json_schema_extra=SECRET,
        repr=False,
    )
    public_url: HttpUrl = Field(
        "",
        validate_default=False,
        description="The address that links in feeds begin with. Default: `http://127.0.0.1:PORT`.",
    )
    site_url: HttpUrl = Field(
        "",
        validate_default=False,
        description="The newspaper's own home page. Default: the public address.",
    )
    title: str = Field("News", min_length=1, description="The name of the newspaper.")
    description: str = Field("", description="A sentence about it. Default: its title.")
    language: LanguageTag = Field("vi", description="The language of the feeds, as in BCP 47.")
    timezone: ZoneName = Field(
        "Asia/Ho_Chi_Minh", description="The newsroom's time zone, for what pages show."
    )

    host: str = Field("127.0.0.1", description="The address that `feedsvc serve` listens on.")
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias="PORT",
        description="The port that `feedsvc serve` listens on; named `PORT`, without the prefix.",
    )
    workers: Count = Field(2, description="Server processes.")
    threads: Count = Field(8, description="Threads of each server process.")
    cpu_affinity: bool = Field(
        default=True,
        description="Whether each server process is kept on one processor, where there are as many "
        "of them as processors, or a multiple.",
    )
    worker: bool = Field(
        default=True,
        description="Whether the server has the hub's worker beside it; without, `feedsvc worker` "
        "runs elsewhere, or several do.",
    )
    auto_migrate: bool = Field(
        default=True, description="Make the tables when the database is empty at the start."
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    )

    busy_timeout_seconds: float = Field(
        5.0, gt=0, description="How long a write waits for a locked database before it gives up."
    )
    pool_size: Count = Field(10, description="PostgreSQL connections of each server process.")
    retry_after_seconds: Count = Field(5, description="What a 503 answer tells the sender to wait.")
    max_age_seconds: Count = Field(
        300, description="How long readers and caches may keep a feed before they ask again."
    )
    longest_age_seconds: Count = Field(
        3600,
        description="The same for a feed that seldom has anything new: half the usual time "
        "between its articles, between these two.",
    )
    stale_seconds: Count = Field(
        86_400, description="How long caches may serve an old feed while feedsvc is unreachable."
    )
    cache_bytes: int = Field(
        64 * 2**20,
        ge=0,
        description="Memory for answers that are kept, in each process that serves; 0: none is.",
    )
    fragment_bytes: int = Field(
        32 * 2**20,
        ge=0,
        description="Memory for entries that are kept as they stand in feeds, in each process.",
    )
    revision_ttl: float = Field(
        0.25,
        ge=0,
        description="How many seconds a process may go on with what it kept after another one has "
        "written to PostgreSQL.",
    )
    default_entries: Count = Field(30, description="Entries of a feed when `limit` is not given.")
    max_entries: Count = Field(200, description="The highest `limit` that may be asked for.")
    archive_entries: Count = Field(
        1000, description="Entries of a document of a feed's archive; of more, there are several."
    )
    archive_age_seconds: Count = Field(
        3600, description="How long caches may keep a document of the archive without asking."
    )
    max_tombstones: Count = Field(
        100, description="How many withdrawn articles a feed names at the most."
    )
    tombstone_days: Count = Field(
        30, description="For how long a feed names what was withdrawn; its archive does for ever."
    )
    max_filters: Count = Field(20, description="How many filters one feed's address may have.")
    scan_limit: Count = Field(
        10_000,
        description="How many articles are looked through at the most for one feed that combines "
        "filters.",
    )
    max_delay_seconds: int = Field(
        2_592_000, ge=0, le=315_360_000, description="The longest delay of a saved feed."
    )

    secret_key: str = Field(
        "",
        description="The secret that signing keys are sealed with; several, the newest first, "
        "separated by spaces. Default: for SQLite, what is in `FILE.secret` beside the database.",
        json_schema_extra=SECRET,
        repr=False,
    )
    signature_tolerance_seconds: Count = Field(
        300, description="How far a message's timestamp may be from this machine's clock."
    )
    ingest_rate: Rate = Field(
        "6000/minute",
        description="Messages that a source may send, such as `100/minute; 2000/hour`, or "
        "`unlimited`. With `memory://` each server process counts for itself.",
    )
    rate_storage_url: StorageUrl = Field(
        "memory://",
        description="Where they are counted: `memory://`, or `redis://…` for all processes.",
        json_schema_extra=SECRET,
        repr=False,
    )
    trusted_proxies: Networks = Field(
        "127.0.0.1, ::1",
        description="Proxies that are believed about who asks (`X-Forwarded-For`): addresses or "
        "networks, separated by commas.",
    )
    api_token: ApiTokens = Field(
        "",
        description="The token that opens the inbox's JSON API; several, separated by spaces. "
        "Without one there is no such API.",
        json_schema_extra=SECRET,
        repr=False,
    )
    max_body_bytes: Count = Field(5_000_000, description="The largest webhook body.")
    silence_timeout_seconds: Count = Field(
        10, description="How long a client may be silent in the middle of a long body."
    )
    head_timeout_seconds: Count = Field(
        10, description="How long a request may take to arrive, up to its body."
    )
    body_timeout_seconds: float = Field(
        60.0, gt=0, description="How long a webhook body may take to arrive."
    )
    answer_timeout_seconds: Count = Field(
        120, description="How long a client may take to receive an answer."
    )
    inbox_days: Count = Field(
        30,
        description="How long messages are kept, to be looked at and run again, and known by their "
        "ids; longer than any sender tries again.",
    )
    max_events: Count = Field(1_000, description="Events in one message.")
    max_batch_bytes: Count = Field(
        100_000_000, description="The largest NDJSON body, which is put aside in a temporary file."
    )
    max_batch_lines: Count = Field(100_000, description="Lines of an NDJSON body.")
    batch_timeout_seconds: float = Field(
        600.0, gt=0, description="How long an NDJSON body may take to arrive."
    )
    max_json_depth: Count = Field(32, description="Nesting of a message's JSON.")
    max_json_values: Count = Field(
        200_000, description="Values in a message's JSON, or in a line's: the commas count."
    )
    max_html_tags: Count = Field(
        5_000, description="Tags in one article's HTML; cleaning takes the square of nested tags."
    )
    max_content_chars: Count = Field(
        1_000_000, description="Characters of one article's HTML or text."
    )
    # Above 600 of four bytes each, PostgreSQL could not index an id.
    max_id_chars: int = Field(500, ge=1, le=600, description="Characters of an article's `id`.")
    max_url_chars: Count = Field(2_000, description="Characters of an address.")
    max_title_chars: Count = Field(1_000, description="Characters of a title, name or tag.")
    max_summary_chars: Count = Field(
        10_000, description="Characters of a summary or correction that was sent."
    )
    max_list_items: Count = Field(
        50,
        description="Authors, tags, categories, attachments or related pages of one article; "
        "transcripts or persons of all its attachments.",
    )
    max_categories: Count = Field(2_000, description="Categories of the newspaper.")
    max_category_depth: Count = Field(16, description="Levels of the category tree.")
    max_category_changes: Count = Field(
        200, description="Categories that one message may make, rename or move."
    )
    max_query_chars: Count = Field(200, description="Characters of a search.")
    max_query_terms: Count = Field(20, description="Words and phrases of a search.")
    summary_chars: Count = Field(
        300, description="Characters of the summary made from the text when none was sent."
    )

    push_key: str = Field(
        "",
        description="The signing key that `feedsvc push` uses.",
        json_schema_extra=SECRET,
        repr=False,
    )
