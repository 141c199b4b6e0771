"""Where requests go: the address, what the model is called there, and how it wants to be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from ..errors import InputError
from ..messages import tr
from .dialect import Dialect
from .error_codes import provider_of


@dataclass(eq=False)
class Endpoint:
    """An address with a model.

    Attributes:
        dialect: how requests are said to it.
        proven: whether it has answered; until then it gets one request at a time.
        format_proven: whether it has answered in a format that was asked for.
        flying: requests in flight to it.
    """

    url: httpx.URL
    model: str
    provider: str
    dialect: Dialect = field(default_factory=Dialect)
    proven: bool = False
    format_proven: bool = False
    flying: int = 0

    @property
    def address(self) -> str:
        """The address without /chat/completions, as messages and the store name it."""
        return str(self.url).removesuffix("/chat/completions")

    def beside(self, path: str) -> httpx.URL:
        """The address of another resource of the same API, such as files."""
        return httpx.URL(f"{self.address}/{path}")


def endpoint_of(base_url: str, model: str, provider: str = "") -> Endpoint:
    """An endpoint from settings.

    Raises:
        InputError: the address or the model is missing or cannot be used.
    """
    for name, value in (("base_url", base_url), ("model", model)):
        if not value.strip():
            raise InputError(
                tr("[synth.teacher] {name} is empty; the teacher needs base_url, model and key_env.", name=name)
            )
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL as error:
        raise InputError(
            tr("[synth.teacher] base_url {base_url!r} is not a URL ({error}).", base_url=base_url, error=error)
        ) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(tr("[synth.teacher] base_url must begin with http:// or https:// and name a host."))
    if url.userinfo:
        raise InputError(tr("[synth.teacher] base_url holds a password; put the key into the variable of key_env."))
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return Endpoint(url.copy_with(path=f"{path}/chat/completions"), model, provider or provider_of(url.host))
