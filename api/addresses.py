"""Which addresses batches may be read from and webhooks be sent to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from analyzer.messages import Message
from api.settings import Settings

# Characters that programs read in different ways; none of them belongs into an address.
_TRICKY = re.compile(r"^\s|\s$|[\\\x00-\x1f\x7f]")
_LOCAL = ("localhost", "127.0.0.1", "::1")


def allowed(url: str, settings: Settings) -> bool:
    """Whether the address lies under one of the prefixes of `settings.allowed_urls`."""
    return _prefix_of(url, settings) is not None


def webhook_mistake(url: str, settings: Settings) -> str | None:
    """What is wrong with the address of a webhook, in words; `None` if it may be used."""
    if not allowed(url, settings):
        return Message("This address is not under one that KASPER_ALLOWED_URLS names.")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        return Message("A webhook's address begins with https://, or with http:// on this machine.")
    return None


def public_only(url: str, found: Iterable[str], settings: Settings) -> list[str]:
    """Those of the IP addresses that a host's name led to which may be connected to.

    A private one may only where the prefix itself names it: a public name can be made to lead
    into the network that the service stands in.
    """
    host = urlsplit(_prefix_of(url, settings) or "").hostname
    if host in _LOCAL or _is_address(host):
        return list(found)
    return [address for address in found if ipaddress.ip_address(address).is_global]


def _is_address(host: str | None) -> bool:
    try:
        return bool(ipaddress.ip_address(host or ""))
    except ValueError:
        return False


def _prefix_of(url: str, settings: Settings) -> str | None:
    return next((prefix for prefix in settings.allowed_urls if _under(url, prefix)), None)


def _under(url: str, prefix: str) -> bool:
    """Whether `url` has the scheme, host and port of `prefix` and lies below its path.

    The parts are compared, not the text: `https://a.example` is also how
    `https://a.example.evil.test` and `https://a.example@evil.test` begin.
    """
    try:
        parts, wanted = urlsplit(url), urlsplit(prefix)
    except ValueError:
        return False
    path = unquote(parts.path)
    # fsspec reads what follows :: as another address
    chained = "::" in url.removeprefix(f"{parts.scheme}://{parts.netloc}")
    if _TRICKY.search(unquote(url)) or chained or ".." in path.split("/"):
        return False
    if (parts.scheme, parts.netloc) != (wanted.scheme, wanted.netloc):
        return False
    if not (wanted.netloc or wanted.path):
        return False  # an empty prefix would be a prefix of everything
    folder = unquote(wanted.path).rstrip("/")
    return path == folder or path.startswith(folder + "/")
