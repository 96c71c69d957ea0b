"""What the origin serves: two versions of a resource, and how each is named in a response's head."""
import functools
import hashlib
import random

KiB, MiB = 1024, 1024 ** 2
SEGMENT = 64 * KiB
SIZE = 5_000_001  # more than the first request asks for, and no multiple of anything
HELD = 7 * SIZE // 10  # of this much is sent before the first run of a resume is killed

OLD = ("Sat, 05 Nov 2022 08:49:37 GMT", "Sun, 06 Nov 2022 08:49:37 GMT")
OLD_ASKED = "Fri, 03 Mar 2023 10:00:00 GMT"  # a Date long after both: they are strong
YOUNG = ("Sat, 05 Nov 2022 08:49:37 GMT", "Sat, 05 Nov 2022 08:49:38 GMT")
YOUNG_ASKED = "Sat, 05 Nov 2022 08:49:40 GMT"  # within a minute of both: they are weak


def _pattern(size, seed):
    return random.Random(hashlib.sha256(seed.encode()).digest()).randbytes(size)


def _other(data):
    """Different in every byte."""
    return data.translate(bytes(b ^ 0xA5 for b in range(256)))


@functools.lru_cache(maxsize=None)
def versions(size, shared):
    """{1: bytes, 2: bytes} of the same size. What they share is where mixtures hide:

    none   nothing: no byte is the same
    half   the first half
    two    all but two segments, one near the beginning and one near the end
    grown  everything, but version 2 has 70,000 bytes more
    cut    everything, but version 2 has 70,000 bytes less
    """
    one = _pattern(size, f"v1 of {size}")
    other = _other(one)
    if shared == "none":
        two = other
    elif shared == "half":
        two = one[:size // 2] + other[size // 2:]
    elif shared == "two":
        early, late = 5 * SEGMENT, size - 3 * SEGMENT
        two = one[:early] + other[early:early + SEGMENT] + one[early + SEGMENT:late] + other[late:late + SEGMENT] + one[late + SEGMENT:]
    elif shared == "grown":
        two = one + _pattern(70_000, "more")
    else:
        two = one[:-70_000]
    return {1: one, 2: two}


def etag(template):
    """An ETag made of the version's number, such as W/"v%d"."""
    return lambda version: [("ETag", template % version)]


def same_etag(value):
    return lambda version: [("ETag", value)]


def old_date(version):
    return [("Date", OLD_ASKED), ("Last-Modified", OLD[version - 1])]


def same_old_date(version):
    return old_date(1)


def young_date(version):
    return [("Date", YOUNG_ASKED), ("Last-Modified", YOUNG[version - 1])]


def same_young_date(version):
    return young_date(1)


def dateless(version):
    return [("Last-Modified", OLD[version - 1])]


def none(version):
    return []


def both(*namings):
    return lambda version: [field for naming in namings for field in naming(version)]


def then(first, second):
    """Named one way as version 1, and another way as version 2."""
    return lambda version: first(1) if version == 1 else second(2)


strong = etag('"v%d"')
weak = etag('W/"v%d"')
unquoted = etag("v%d")
two_etags = both(etag('"v%d"'), etag('"w%d"'))
