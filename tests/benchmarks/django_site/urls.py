"""The same addresses as the product's."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.benchmarks.django_site.feeds import Newest


def _readyz(request: HttpRequest) -> HttpResponse:
    del request
    return HttpResponse("ready\n", content_type="text/plain")


urlpatterns = [path("feeds/all.rss", Newest()), path("readyz", _readyz)]
