"""`python -m feedsvc`: the command line, where there is no `feedsvc` on the path."""

from feedsvc.cli import main

main()
