"""deploy/nginx.conf lets subscribers through to the hub, and keeps floods and caches from it."""

from tests.hub.conftest import FORM


def post(nginx, path, body=b"hub.mode=subscribe"):
    return nginx.request("POST", path, body, {"Content-Type": FORM})


def test_request_to_subscribe_reaches_the_hub(site):
    for path in ("/hub", "/rsscloud/pleaseNotify"):
        assert "is missing" in post(site.nginx, path).body.decode()


def test_hub_is_asked_each_time(echo, keeping_front):
    for _ in range(3):
        keeping_front.get("/hub")
        post(keeping_front, "/hub")
    assert sum(echo.asked.values()) == 6


def test_links_of_feeds_pass(site):
    for _ in range(2):
        reply = site.nginx.get("/feeds/all.rss")
        assert 'rel="hub"' in reply.headers["Link"]
    unchanged = site.nginx.get("/feeds/all.rss", headers={"If-None-Match": reply.headers["ETag"]})
    assert unchanged.status == 304


def test_flood_of_requests_is_told_to_wait(echo, front):
    statuses = [post(front, "/hub").status for _ in range(60)]
    assert statuses.count(429) >= 10
    assert sum(echo.asked.values()) == statuses.count(200)


def test_body_that_is_too_large_is_refused(front):
    assert post(front, "/hub", b"x" * 20_000).status == 413
