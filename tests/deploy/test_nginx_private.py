"""A private feed of a real service behind nginx: who gets it, who does not, and what is left."""

from tests.integration.test_private_feeds import basic, subscribe


def test_private_feed_is_for_its_subscriber_alone(own_site):
    token = subscribe(own_site.service)
    nginx = own_site.nginx
    shown = basic("reader", token)
    address = f"/private/{token}/partner-b.rss"
    for _ in range(2):  # before and after anything could have been kept
        assert nginx.get("/feeds/partner-b.rss").status == 404
        for path, headers in (
            (address, {}),
            ("/private/partner-b.rss", shown),
            ("/feeds/partner-b.rss", shown),
        ):
            reply = nginx.get(path, headers=headers)
            assert reply.status == 200
            assert "Riêng B" in reply.body.decode()
            assert reply.headers["Cache-Control"] == "private, no-store"
        assert nginx.get("/private/wrong/partner-b.rss").status == 404
        asked = nginx.get("/private/partner-b.rss")
        assert (asked.status, asked.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    assert b"Ri\xc3\xaang B" not in nginx.kept
    nginx.stop()
    assert "/private/-" in nginx.logs
    assert token not in nginx.logs
    assert token not in own_site.service.log
