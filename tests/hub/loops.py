"""Tests that are coroutines."""

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor


def on_a_loop(coroutine):
    """Run it to its end in a loop of its own; gives what it gives."""

    @functools.wraps(coroutine)
    def run(**fixtures):
        # On a thread of its own: what drives a browser leaves a running loop in the tests' one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(coroutine(**fixtures))).result()

    return run
