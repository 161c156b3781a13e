"""Django as it is deployed: no debugging, connections kept, and where asked, its caching."""

import os

DEBUG = False
SECRET_KEY = "of-a-benchmark"  # nothing here is signed with it
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
LANGUAGE_CODE = "vi"
USE_I18N = False
ROOT_URLCONF = "tests.benchmarks.django_site.urls"
INSTALLED_APPS = ["tests.benchmarks.django_site"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DJANGO_DATABASE"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {"init_command": "PRAGMA journal_mode = wal"},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CACHE_MIDDLEWARE_SECONDS = 3600
#: In the order that its documentation gives: what is kept is kept compressed.
MIDDLEWARE = (
    [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    if os.environ["BENCH_DJANGO_CACHED"] == "1"
    else ["django.middleware.common.CommonMiddleware"]
)
