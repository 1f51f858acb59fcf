"""Ways in a graph of keys: what links lead to, and how far."""

from collections.abc import Iterable, Mapping

Links = Mapping[str, Iterable[str]]


def reached(links: Links, key: str) -> list[str]:
    """Every other key that links lead to from one, nearest first, then by key.

    >>> reached({"violin": ["stringed_instrument"], "stringed_instrument": ["musical_instrument"]}, "violin")
    ['stringed_instrument', 'musical_instrument']
    """
    found = _steps(links, key)
    del found[key]
    return list(found)


def shortest_way_up(parents: Links, key: str) -> tuple[str, ...]:
    """The shortest way from a key to one without parents, the first by key where several are as short.

    >>> shortest_way_up({"a": ["b", "c"], "b": ["d"], "c": [], "d": []}, "a")
    ('a', 'c')
    """
    ways: list[tuple[str, ...]] = [(key,)]
    while True:
        for way in ways:
            if not parents.get(way[-1]):
                return way
        ways = [(*way, parent) for way in ways for parent in sorted(parents[way[-1]])]


def distance(parents: Links, a: str, b: str) -> int | None:
    """The number of links on the shortest way from a to b by a common ancestor, or None.

    >>> distance({"violin": ["strings"], "cello": ["strings"], "strings": []}, "violin", "cello")
    2
    """
    above_a, above_b = _steps(parents, a), _steps(parents, b)
    return min((above_a[key] + above_b[key] for key in above_a.keys() & above_b.keys()), default=None)


def _steps(links: Links, key: str) -> dict[str, int]:
    """Key → least number of links from one key, in the order of that number, then by key."""
    found: dict[str, int] = {key: 0}
    level, steps = [key], 0
    while level:
        steps += 1
        level = sorted({further for one in level for further in links.get(one, ())} - found.keys())
        found |= dict.fromkeys(level, steps)
    return found
