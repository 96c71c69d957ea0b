"""Medians with intervals that assume nothing about how times are distributed, and the words they are printed in."""
import math


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def interval_ranks(count, level=0.95):
    """The k-th least and the k-th greatest of `count` values enclose the true median with at least `level`; the k, or None.

    The sign test: each value lies below the median with probability 1/2, so how many do is binomial, and the interval
    between the k-th from each end misses the median with probability 2 P(fewer than k below).
    """
    best = None
    missed = 0.0
    for k in range(1, count // 2 + 1):
        missed += 2 * math.comb(count, k - 1) / 2 ** count
        if missed > 1 - level:
            break
        best = k
    return best


def interval(values, level=0.95):
    """(low, high), or None where there are too few values for that level: fewer than six for 95 %."""
    k = interval_ranks(len(values), level)
    ordered = sorted(values)
    return (ordered[k - 1], ordered[-k]) if k else None


def median_and_interval(values):
    """'0.813 [0.782, 0.85]'"""
    if not values:
        return "-"
    ends = interval(values)
    return f"{median(values):.3g} " + (f"[{ends[0]:.3g}, {ends[1]:.3g}]" if ends else "[too few]")


def median_and_spread(values):
    """'1.52 (1.43-1.7)'"""
    return f"{median(values):.3g} ({min(values):.3g}-{max(values):.3g})" if values else "-"
