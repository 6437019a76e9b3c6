"""Django: a middleware surrounds each request with its user. One file for the example; yours has the usual ones.

PENNON_URL=… PENNON_SDK_KEY=… python with_django.py runserver
"""

import sys
from collections.abc import Callable

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from feature_flags import flags


def flags_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        # With django.contrib.auth: user_id=request.user.pk, which is None for nobody, and None is absent.
        with flags.context(user_id=request.headers.get("x-user")):
            return get_response(request)

    return middleware


def order(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"flow": "new" if flags.is_enabled("new_checkout_flow") else "legacy"})


if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DEBUG=True,
        MIDDLEWARE=[f"{__name__}.flags_middleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="an example has no secrets",
    )

urlpatterns = [path("order", order)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
