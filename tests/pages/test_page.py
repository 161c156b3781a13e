"""The page of feeds, as its bytes: what it lists, says and allows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from feedsvc.app import create_app
from tests.conftest import make_settings
from tests.newsroom import article, event, publish, withdraw

LOADED = "//script/@src | //img/@src | //link[@rel='stylesheet' or @rel='icon']/@href"
VI = {"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8"}
EN = {"Accept-Language": "en-GB,en;q=0.9"}
FEEDS = "https://feeds.example/feeds"


def section(slug, name, parent=None):
    return {"slug": slug, "name": name} | ({"parent": parent} if parent else {})


def page(client, path="/", **headers):
    response = client.get(path, headers=headers or VI)
    assert response.status_code == 200
    return html.fromstring(response.text)


def row(root, slug):
    """The words of a section's line: its name, count and formats."""
    (node,) = root.xpath(f'//*[@id="feed-{slug}"]')
    return re.sub(r"\s+", " ", node.text_content()).strip()


def test_sections_stand_in_their_tree(newsroom, client):
    tin_tuc = section("tin-tuc", "Tin tức")
    newsroom.push(publish("a", categories=[section("xay-dung-dang", "Xây dựng Đảng", tin_tuc)]))
    newsroom.push(publish("b", categories=[section("kinh-te", "Kinh tế")]))
    root = page(client)
    assert root.xpath('//*[@id="feed-tin-tuc"]//*[@id="feed-xay-dung-dang"]')
    assert not root.xpath('//*[@id="feed-kinh-te"]//*[@id="feed-xay-dung-dang"]')


def test_every_feed_is_linked_in_every_format(newsroom, client):
    newsroom.push(publish())
    links = page(client).xpath("//main//a/@href")
    for name in ("all", "tin-tuc", "xay-dung-dang"):
        for suffix in ("rss", "atom", "json"):
            assert links.count(f"{FEEDS}/{name}.{suffix}") == 1


def test_a_section_counts_what_is_below_it(newsroom, client):
    tin_tuc = section("tin-tuc", "Tin tức")
    newsroom.push(publish("a", categories=[section("dang", "Đảng", tin_tuc)]))
    newsroom.push(publish("b", categories=[tin_tuc]))
    root = page(client, **EN)
    assert row(root, "tin-tuc").startswith("Tin tức 2 articles")
    assert row(root, "dang").startswith("Đảng 1 article ")


def test_only_what_readers_see_is_counted(newsroom, client):
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    newsroom.push(publish("a"))
    newsroom.push(publish("b"))
    newsroom.push(publish("c", date_published=later))
    newsroom.push(withdraw("b"))
    assert row(page(client), "tin-tuc").startswith("Tin tức 1 bài")


def test_newest_headlines_come_first_with_date_and_byline(newsroom, client):
    newsroom.push(publish("old", title="Cũ", date_published="2023-01-08T10:00:00+07:00"))
    newsroom.push(publish("new", title="Mới", authors=[{"name": "B.H"}, {"name": "T.T"}]))
    items = page(client).xpath('//ol[contains(@class, "latest")]/li')
    assert [item.xpath("./a")[0].text for item in items] == ["Mới", "Cũ"]
    words = re.sub(r"\s+", " ", items[0].text_content()).strip()
    assert words == "Mới Thứ Hai, 09/01/2023, 16:30 · B.H, T.T"


def test_section_shows_its_three_newest_headlines(newsroom, client):
    for number in range(5):
        day = f"2023-01-0{number + 1}T00:00:00Z"
        newsroom.push(publish(f"a{number}", title=f"Bài {number}", date_published=day))
    newsroom.push(publish("x", title="Khác", categories=[section("khac", "Khác")]))
    titles = page(client).xpath('//*[@id="feed-tin-tuc"]//ol/li/a/text()')
    assert titles == ["Bài 4", "Bài 3", "Bài 2"]


def test_dates_are_written_as_english_writes_them(newsroom, client):
    newsroom.push(publish())
    assert "Monday, 9 January 2023, 16:30" in client.get("/", headers=EN).text


def test_dates_are_those_of_the_newsrooms_zone(newsroom, client):
    newsroom.push(publish(date_published="2023-01-08T18:00:00Z"))
    assert "Thứ Hai, 09/01/2023, 01:00" in client.get("/", headers=VI).text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("vi", "vi"),
        ("vi-VN,en;q=0.5", "vi"),
        ("en-US,en;q=0.9,vi;q=0.8", "en"),
        ("fr,en;q=0.5", "en"),
        ("EN-gb", "en"),
        # Nothing that there is: the paper's own language.
        ("fr-CA,de;q=0.7", "vi"),
        ("en;q=0,fr", "vi"),
        ("", "vi"),
        ("*", "vi"),
        (";;q=,,=", "vi"),
        ("x" * 5_000, "vi"),
        ("en;q=banana", "vi"),
    ],
)
def test_page_speaks_the_readers_language_or_the_papers(client, accepted, language):
    response = client.get("/", headers={"Accept-Language": accepted})
    assert response.headers["Content-Language"] == language
    assert html.fromstring(response.text).get("lang") == language


def test_paper_in_a_language_without_translation_is_shown_in_english(sqlite_url):
    app = create_app(make_settings(sqlite_url, language="km"))
    assert app.test_client().get("/").headers["Content-Language"] == "en"
    app.extensions["feedsvc"].database.close()


def test_language_that_the_address_names_wins(client):
    response = client.get("/?lang=en", headers=VI)
    assert response.headers["Content-Language"] == "en"
    assert "Accept-Language" not in response.headers["Vary"]


def test_unknown_language_in_the_address_is_passed_over(client):
    response = client.get("/?lang=xx", headers=EN)
    assert response.headers["Content-Language"] == "en"
    assert "Accept-Language" in response.headers["Vary"]


def test_switch_offers_both_languages_and_marks_the_current_one(client):
    root = page(client, "/?lang=vi")
    links = root.xpath("//header//nav/a")
    assert [(link.text, link.get("href"), link.get("lang")) for link in links] == [
        ("Tiếng Việt", "?lang=vi", "vi"),
        ("English", "?lang=en", "en"),
    ]
    assert [link.get("aria-current") for link in links] == ["true", None]


def test_headline_in_another_language_says_so(newsroom, client):
    newsroom.push(publish("vi", title="Tiếng Việt"))
    newsroom.push(publish("en", title="In English", language="en"))
    newsroom.push(publish("none", title="Không nói", language=None))
    latest = page(client).xpath('//ol[contains(@class, "latest")]/li/a')
    assert {link.text: link.get("lang") for link in latest} == {
        "Tiếng Việt": None,
        "In English": "en",
        "Không nói": None,
    }


def test_readers_discover_every_feed(newsroom, client):
    newsroom.push(publish())
    found = [
        (link.get("type"), link.get("href"), link.get("title"))
        for link in page(client).xpath('//link[@rel="alternate"][@type]')
    ]
    assert found == [
        ("application/rss+xml", f"{FEEDS}/all.rss", "Báo tỉnh (RSS)"),
        ("application/atom+xml", f"{FEEDS}/all.atom", "Báo tỉnh (Atom)"),
        ("application/feed+json", f"{FEEDS}/all.json", "Báo tỉnh (JSON Feed)"),
        ("application/atom+xml", f"{FEEDS}/tin-tuc.atom", "Tin tức – Báo tỉnh"),
        ("application/atom+xml", f"{FEEDS}/xay-dung-dang.atom", "Xây dựng Đảng – Báo tỉnh"),
    ]


def test_empty_paper_has_a_page(client):
    root = page(client, **EN)
    assert "No article has been published yet" in root.text_content()
    assert root.xpath("//input/@value") == [f"{FEEDS}/all.rss"]


def test_names_are_text_never_markup(newsroom, client):
    newsroom.push(
        publish(
            title="&lt;script&gt;alert(1)&lt;/script&gt;",
            authors=[{"name": '"><b>B.H'}],
            categories=[section("tin", '"&lt;Tin & tức&gt;')],
        )
    )
    text = client.get("/").text
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert "&lt;Tin &amp; tức&gt;" in text


@pytest.mark.parametrize(
    "title", ["W" * 500, "عنوان الخبر العاجل", "🎉👩‍👩‍👧‍👦" * 20, "e\u0301" * 30]
)
def test_every_title_is_on_the_page(newsroom, client, title):
    newsroom.push(publish(title=title))
    link = page(client).xpath('//ol[contains(@class, "latest")]/li/a')[0]
    assert link.text
    assert link.get("dir") == "auto"


def test_sections_are_in_the_order_of_their_names_without_accents(newsroom, client):
    names = ["Xã hội", "Đời sống", "An ninh", "Ảnh", "Dân tộc", "Giáo dục"]
    for number, name in enumerate(names):
        newsroom.push(publish(f"a{number}", categories=[name]))
    headings = [node.text for node in page(client).xpath("//h3")]
    assert headings == ["An ninh", "Ảnh", "Dân tộc", "Đời sống", "Giáo dục", "Xã hội"]


def test_a_thousand_sections_eight_levels_deep_are_on_the_page(newsroom, client):
    events = []
    for line in range(125):
        parent = None
        for level in range(8):
            parent = section(f"c{line}-{level}", f"Mục {line} tầng {level}", parent)
        events.append(event(article(f"a{line}", categories=[parent])))
    for start in range(0, 125, 25):
        assert newsroom.send(events[start : start + 25]).status_code == 200
    root = page(client)
    assert len(root.xpath('//*[starts-with(@id, "feed-")]')) == 1_000
    assert row(root, "c7-7").startswith("Mục 7 tầng 7 1 bài")


def test_large_subtree_is_folded_away(newsroom, client):
    root_section = section("goc", "Gốc")
    for number in range(13):
        newsroom.push(
            publish(f"a{number}", categories=[section(f"c{number}", f"Mục {number}", root_section)])
        )
    (summary,) = page(client, **EN).xpath('//*[@id="feed-goc"]/details/summary')
    assert summary.text_content().startswith("13 sections below")


# Caching


def test_page_has_a_feeds_headers(newsroom, client):
    newsroom.push(publish())
    response = client.get("/", headers=VI)
    assert response.content_type == "text/html; charset=utf-8"
    assert response.headers["ETag"].startswith('W/"')
    assert response.headers["Last-Modified"]
    assert (
        response.headers["Cache-Control"] == client.get("/feeds/all.rss").headers["Cache-Control"]
    )
    assert {name.strip() for name in response.headers["Vary"].split(",")} == {
        "Accept-Encoding",
        "Accept-Language",
    }


def test_unchanged_page_is_a_304_that_says_what_it_varies_by(newsroom, client):
    newsroom.push(publish())
    first = client.get("/", headers=VI)
    again = client.get("/", headers=VI | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Vary"] == first.headers["Vary"]


def test_page_is_the_same_whoever_asked_first(newsroom, client):
    newsroom.push(publish())
    first, named = (client.get(path, headers=VI).headers["ETag"] for path in ("/", "/?lang=vi"))
    newsroom.push(publish("b"))
    newsroom.push(withdraw("b"))
    assert client.get("/?lang=vi", headers=VI).headers["ETag"] == named
    assert client.get("/", headers=VI).headers["ETag"] == first


def test_chosen_language_is_kept_on_the_way_home(client):
    assert page(client).xpath('//a[@class="brand"]/@href') == ["/"]
    assert page(client, "/?lang=vi").xpath('//a[@class="brand"]/@href') == ["/?lang=vi"]


def test_page_names_its_own_address_and_its_other_languages(client):
    root = page(client, "/?lang=en")
    assert root.xpath('//link[@rel="canonical"]/@href') == ["https://feeds.example/?lang=en"]
    others = {link.get("hreflang"): link.get("href") for link in root.xpath("//link[@hreflang]")}
    assert others == {
        "x-default": "https://feeds.example/",
        "vi": "https://feeds.example/?lang=vi",
        "en": "https://feeds.example/?lang=en",
    }


def test_page_of_one_language_is_no_match_for_another(newsroom, client):
    newsroom.push(publish())
    first = client.get("/", headers=VI)
    assert client.get("/", headers=EN | {"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_next_page_after_a_push_shows_it(newsroom, client):
    newsroom.push(publish("a", title="Một"))
    assert (
        "Hai"
        not in client.get("/", headers=VI).text.partition("Tin mới nhất")[2].partition("Thứ")[0]
    )
    newsroom.push(publish("b", title="Hai cầu mới"))
    assert "Hai cầu mới" in client.get("/", headers=VI).text
    newsroom.push(withdraw("b"))
    assert "Hai cầu mới" not in client.get("/", headers=VI).text


def test_renamed_section_shows_at_once(newsroom, client):
    newsroom.push(publish(categories=[section("tin", "Tin")]))
    assert row(page(client), "tin").startswith("Tin 1")
    newsroom.push(publish(categories=[section("tin", "Thời sự")]))
    assert row(page(client), "tin").startswith("Thời sự 1")


def test_feeds_are_read_once_for_each_change(newsroom, client, monkeypatch):
    from feedsvc.pages import views

    readings = []
    read = views._read_directory
    monkeypatch.setattr(views, "_read_directory", lambda *a: readings.append(1) or read(*a))
    for number in range(2):
        newsroom.push(publish(f"a{number}"))
        for _ in range(3):
            client.get("/", headers=VI)
            client.get("/", headers=EN)
            client.get("/?lang=vi")
        assert len(readings) == number + 1


# What may run in it


@pytest.mark.parametrize("rule", ["default-src", "base-uri", "form-action", "frame-ancestors"])
def test_nothing_foreign_may_run_in_the_page(client, rule):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert f"{rule} 'none'" in policy
    assert "unsafe" not in policy


def test_page_loads_nothing_from_elsewhere(newsroom, client):
    newsroom.push(publish(image="https://elsewhere.example/p.jpg"))
    root = page(client)
    loaded = root.xpath(
        "//script/@src | //img/@src | //link[@rel='stylesheet' or @rel='icon']/@href"
    )
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    assert not root.xpath("//script[not(@src)] | //style | //*[@style] | //*[@onclick]")


def test_what_the_page_loads_may_be_kept_until_its_address_changes(client):
    for address in page(client).xpath(LOADED):
        with client.get(address) as response:
            assert response.status_code == 200
            assert response.data
            assert "max-age=31536000" in response.headers["Cache-Control"]
        assert re.search(r"\?v=[0-9a-f]{12}$", address)


def test_page_below_a_path_finds_what_it_loads(sqlite_url):
    app = create_app(make_settings(sqlite_url, public_url="https://news.example/tin/nguon"))
    root = page(app.test_client())
    for address in root.xpath(LOADED):
        assert address.startswith("/tin/nguon/static/")
    assert root.xpath('//a[@class="brand"]/@href') == ["/tin/nguon/"]
    app.extensions["feedsvc"].database.close()


def test_what_is_asked_for_without_its_fingerprint_is_kept_for_minutes(client):
    for address in ("/favicon.ico", "/static/pages.css", "/static/pages.css?v=deadbeef"):
        with client.get(address) as response:
            assert response.data
            assert "max-age=300" in response.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../views.py", "..%2Fviews.py", "nothing.css", ".", "%00"])
def test_nothing_but_the_pages_own_files_is_sent(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_icon_is_there_for_who_asks_at_the_usual_place(client):
    with client.get("/favicon.ico") as response:
        assert response.content_type.startswith("image/svg+xml")
        assert response.data.startswith(b"<svg")
