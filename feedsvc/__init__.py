"""feedsvc: signed articles in, RSS, Atom and JSON Feed out."""

__version__ = "0.1.0"
