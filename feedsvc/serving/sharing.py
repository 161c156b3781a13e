"""What scripts of other sites may read (CORS): public documents in JSON, and the list of feeds.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol. The same answer goes to every site, so
that caches need not tell them apart, and none may send credentials along.
"""

from flask import Flask, Response, request

#: What a script can read beside the fields that any may.
_EXPOSED = "ETag, Last-Modified, Link, Retry-After"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}


def is_shared(path: str) -> bool:
    """Whether any site's script may read what is at a path, an error too."""
    is_feed = path.startswith("/feeds/") and path.endswith(".json")
    return is_feed or path in ("/feeds.json", "/feeds.opml")


def share_documents(app: Flask) -> None:
    """Let other sites' scripts read what is shared: 200, 304 and errors alike."""

    @app.after_request
    def share(response: Response) -> Response:
        # What is for its reader alone (RFC 9111, section 5.2.2.7) is no other site's.
        if is_shared(request.path) and not response.cache_control.private:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
            if request.method == "OPTIONS":
                response.headers.update(_PREFLIGHT)
        return response
