"""Modes, mode assignment, coverage and divergence written as loops, straight from their words."""

import math
from collections import deque
from itertools import product


def neighbours(cell, shape, periodic, reach):
    """Cells of the grid within `reach` on every axis, with the least distance squared to each."""
    found = {}
    for step in product(range(-reach, reach + 1), repeat=len(shape)):
        other = []
        for index, move, length, wraps in zip(cell, step, shape, periodic, strict=True):
            moved = index + move
            if wraps:
                moved %= length
            if not 0 <= moved < length:
                break
            other.append(moved)
        else:
            distance = sum(move * move for move in step)
            other = tuple(other)
            found[other] = min(distance, found.get(other, distance))
    return found


def regions(cells, shape, periodic):
    """Connected regions as sets of cells, found by flooding."""
    left = set(cells)
    found = []
    while left:
        start = left.pop()
        region, queue = {start}, deque([start])
        while queue:
            for other in neighbours(queue.popleft(), shape, periodic, 1):
                if other in left:
                    left.remove(other)
                    region.add(other)
                    queue.append(other)
        found.append(region)
    return found


def modes(cells, shape, periodic, smallest=0.02):
    """The regions that are modes."""
    cells = list(cells)
    return [
        region for region in regions(cells, shape, periodic) if len(region) >= smallest * len(cells)
    ]


def nearest_mode(cell, mode_of, true_cells, shape, periodic):
    """The mode a feasible sample in `cell` counts for, or -1. `cell` may lie off the grid."""
    if cell in true_cells:
        return mode_of.get(cell, -1)
    best = (math.inf, -1)
    for other, distance in neighbours(cell, shape, periodic, 2).items():
        if other in mode_of:
            best = min(best, (distance, mode_of[other]))
    return best[1]


def covered_share(true_cells, sample_cells, shape, periodic):
    """Share of the true cells that have a sample within one cell."""
    hit = set()
    for cell in sample_cells:
        hit |= true_cells & set(neighbours(cell, shape, periodic, 1))
    return len(hit) / len(true_cells)


def jensen_shannon(p, q):
    """In bits, term by term."""
    total = 0.0
    for one, other in zip(p, q, strict=True):
        middle = (one + other) / 2
        for value in (one, other):
            if value > 0:
                total += 0.5 * value * math.log2(value / middle)
    return total
