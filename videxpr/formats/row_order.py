"""Ranks of persons by the order of their rows, where a file only states who is the main one."""

import heapq
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray


def ranks_by_order(
    frames: NDArray[np.int64],
    shots: NDArray[np.int64],
    tracks: NDArray[np.int64],
    main: NDArray[np.bool_],
    areas: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Ranks of rows: 0 for the main person, 1, 2, ... for the others of each shot.

    Rows of a frame keep their order. Where no frame tells which of two persons comes first, it is
    the one whose boxes have the larger summed area.

    Args:
        frames: (M,) rising.
        shots: (M,) each row's shot, rising.
        tracks: (M,) numbers of the tracks, each within one shot.
        main: (M,) whether a row is of the main person.
        areas: (M,) of the boxes, 0 where there is none.

    Raises:
        CycleError: two persons stand in one order in one frame and in another order in another.
    """
    ranks = np.where(main, 0, 1)
    others = np.flatnonzero(~main)
    for rows in np.split(others, np.flatnonzero(np.diff(shots[others])) + 1):
        people, person = np.unique(tracks[rows], return_inverse=True)
        together = frames[rows][1:] == frames[rows][:-1]
        before = np.unique(np.column_stack([person[:-1], person[1:]])[together], axis=0)
        summed = np.bincount(person, areas[rows], len(people))
        places = np.argsort(_in_order(before.tolist(), summed.tolist()))
        ranks[rows] = 1 + places[person]
    return ranks


def _in_order(before: list[list[int]], areas: list[float]) -> list[int]:
    """Persons such that each pair of `before` is kept, the larger first where it says nothing."""
    graph: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(len(areas)), ()))
    for earlier, later in before:
        graph.add(later, earlier)
    graph.prepare()
    ready: list[tuple[float, int]] = []
    order: list[int] = []
    while graph.is_active():
        for person in graph.get_ready():
            heapq.heappush(ready, (-areas[person], person))
        order.append(heapq.heappop(ready)[1])
        graph.done(order[-1])
    return order
