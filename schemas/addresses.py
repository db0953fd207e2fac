"""What may be stored of addresses: no query, no fragment, no user and password."""

from hashlib import blake2b


def cut_address(address: str) -> str:
    """Returns an address without query, fragment, user and password.

    >>> cut_address("https://ina:pw@konto.example/reset?token=s3cr3t#end"), cut_address("/reset?token=s3cr3t")
    ('https://konto.example/reset', '/reset')
    """
    cut = min((at for mark in "?#" if (at := address.find(mark)) >= 0), default=-1)
    if cut >= 0:
        address = address[:cut]
    scheme, slashes, rest = address.partition("//")
    if slashes and "@" in (host := rest.partition("/")[0]):
        address = scheme + slashes + host.rpartition("@")[2] + rest[len(host) :]
    return address


def stored_content_id(content_id: str) -> str:
    """Returns a content item's id as events and content.v1 carry it: of one that is an address, without what may be personal.

    A digest keeps items apart that only the query tells apart, or the fragment of an application that routes by it.

    >>> stored_content_id("a?b#c"), stored_content_id("https://ina:pw@paper.example/kites#end")
    ('a?b#c', 'https://paper.example/kites')
    >>> one, other = (stored_content_id(f"https://paper.example/article.php?id={n}#end") for n in (5, 6))
    >>> one.partition("~")[0], len(one.partition("~")[2]), one == other
    ('https://paper.example/article.php', 16, False)
    """
    if "://" not in content_id:
        return content_id
    address, mark, fragment = content_id.partition("#")
    _, _, query = address.partition("?")
    route = mark + fragment if fragment[:1] in ("/", "!") else ""
    told = query + route
    suffix = "~" + blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest() if told else ""
    return cut_address(content_id) + suffix
