"""feedsvc: signed articles in, RSS, Atom and JSON Feed out."""

__version__ = "0.1.0"

#: How each of its programs writes its log.
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
