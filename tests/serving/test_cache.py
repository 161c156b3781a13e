"""What is kept stays within its bytes, and what is asked for stays."""

import threading
from random import Random

from feedsvc.serving.cache import Cache

#: What an entry is counted for beside its value.
BESIDE = 1_000


def cache_for(count, size=1_000):
    return Cache[str, bytes](count * (size + BESIDE), len)


def body(size=1_000):
    return bytes(size)


def test_what_was_put_is_found():
    cache = cache_for(2)
    cache.put("a", b"said")
    assert cache.find("a") == b"said"
    assert cache.find("b") is None


def test_the_oldest_goes_first():
    cache = cache_for(2)
    for key in "abc":
        cache.put(key, body())
    assert [cache.find(key) is not None for key in "abc"] == [False, True, True]


def test_what_was_asked_for_outlives_what_was_not():
    cache = cache_for(2)
    cache.put("a", body())
    cache.put("b", body())
    cache.find("a")
    cache.put("c", body())
    assert [cache.find(key) is not None for key in "abc"] == [True, False, True]


def test_what_is_asked_for_no_more_goes_at_last():
    cache = cache_for(2)
    cache.put("a", body())
    cache.find("a")
    for key in "bcde":
        cache.put(key, body())
    assert cache.find("a") is None


def test_what_is_too_large_pushes_nothing_out():
    cache = cache_for(2)
    cache.put("a", body())
    cache.put("b", body(10_000))
    assert cache.find("a") is not None
    assert cache.find("b") is None


def test_what_is_put_again_takes_its_room_once():
    cache = cache_for(3)
    for _ in range(10):
        cache.put("a", body())
    assert cache.size_bytes == 1_000 + BESIDE


def test_what_grows_takes_more_room():
    sizes = {"a": 1_000, "b": 1_000}
    cache = Cache[str, str](2 * (1_000 + BESIDE), sizes.__getitem__)
    cache.put("a", "a")
    cache.put("b", "b")
    sizes["b"] = 1_500
    cache.grow("b", "b")
    assert cache.find("a") is None
    assert cache.size_bytes == 1_500 + BESIDE


def test_what_grows_after_it_was_replaced_counts_for_nothing():
    cache = cache_for(3)
    first, second = body(), bytes(bytearray(1_000))
    cache.put("a", first)
    cache.put("a", second)
    cache.grow("a", first)
    assert cache.size_bytes == 1_000 + BESIDE


def test_nothing_is_kept_in_no_room():
    cache = Cache[str, bytes](0, len)
    cache.put("a", b"")
    assert cache.find("a") is None


def test_threads_keep_it_within_its_bytes():
    cache = cache_for(50)

    def work(seed):
        random = Random(seed)
        for _ in range(3_000):
            key = str(random.randrange(200))
            if cache.find(key) is None:
                cache.put(key, body(random.randrange(2_000)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < cache.size_bytes <= 50 * (1_000 + BESIDE)
    assert cache.size_bytes == sum(
        len(value) + BESIDE
        for key in map(str, range(200))
        if (value := cache.find(key)) is not None
    )


def test_marks_of_what_is_gone_go_too():
    cache = cache_for(2)
    cache._wanted |= {f"gone-{number}" for number in range(100)}  # as threads may leave them
    for key in "abc":
        cache.put(key, body())
    assert cache._wanted <= {"a", "b", "c"}
