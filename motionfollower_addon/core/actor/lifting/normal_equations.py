"""Least squares over a clip: each frame's unknowns touch their neighbours', a few touch all.

The matrix has blocks [D, D] on its diagonal and beside it up to two frames away, and a border for
the unknowns that hold for the whole clip; solved frame by frame, so that time grows with the clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_REACH = 2


class NormalEquations:
    """Sums of weighted residuals; `count` frames of `size` unknowns and `shared` ones."""

    def __init__(self, count: int, size: int, shared: int) -> None:
        self.blocks = [np.zeros((max(count - k, 0), size, size)) for k in range(_REACH + 1)]
        """Of frame t with frame t + k."""
        self.slope = np.zeros((count, size))
        self.border = np.zeros((count, size, shared))
        self.shared = np.zeros((shared, shared))
        self.shared_slope = np.zeros(shared)

    def add(self, value: Array, parts: list[tuple[int, Array]]) -> None:
        """Residuals `value` [n, r] of a frame each.

        Parts are (first unknown, derivative [n, r, w]), of unknowns that do not overlap.
        """
        for at, own in parts:
            here = slice(at, at + own.shape[2])
            self.slope[:, here] += np.einsum("nrw,nr->nw", own, value)
            for other_at, other in parts:
                there = slice(other_at, other_at + other.shape[2])
                self.blocks[0][:, here, there] += np.einsum("nrw,nrv->nwv", own, other)

    def add_shared(
        self, value: Array, parts: list[tuple[int, Array]], which: int, own: Array
    ) -> None:
        """The same of residuals that a shared unknown moves, too; `own` [n, r] its derivative."""
        self.add(value, parts)
        for at, part in parts:
            self.border[:, at : at + part.shape[2], which] += np.einsum("nrw,nr->nw", part, own)
        self.shared[which, which] += float((own * own).sum())
        self.shared_slope[which] += float((own * value).sum())

    def add_step(self, value: Array, parts: list[tuple[int, Array]]) -> None:
        """Residuals `value` [n - 1, r] of the way from each frame to the next.

        Parts are (first unknown, derivative [n - 1, r, w] by the next frame's unknowns); this
        frame's move it the other way.
        """
        for at, own in parts:
            here = slice(at, at + own.shape[2])
            slope = np.einsum("nrw,nr->nw", own, value)
            self.slope[1:, here] += slope
            self.slope[:-1, here] -= slope
            for other_at, other in parts:
                there = slice(other_at, other_at + other.shape[2])
                block = np.einsum("nrw,nrv->nwv", own, other)
                self.blocks[0][1:, here, there] += block
                self.blocks[0][:-1, here, there] += block
                self.blocks[1][:, here, there] -= block

    def add_difference(self, values: Array, weights: Array, factors: tuple[float, ...]) -> None:
        """Residuals sum_k factors[k] * values[t + k] for every unknown; weights [n - k, size].

        `values` [n, size] are the unknowns themselves.
        """
        steps = len(factors) - 1
        count = len(values) - steps
        if count < 1:
            return
        rest = sum(
            (f * values[k : k + count] for k, f in enumerate(factors)),
            np.zeros((count, values.shape[1])),
        )
        diagonal = np.arange(values.shape[1])
        for k, f in enumerate(factors):
            self.slope[k : k + count] += f * weights * rest
            for other in range(k, steps + 1):
                block = self.blocks[other - k]
                block[k : k + count, diagonal, diagonal] += f * factors[other] * weights

    def solve(self, damping: float) -> tuple[Array, Array]:
        """The step (unknowns [n, size], shared [s]) that lowers the sum; `damping` shortens it."""
        count, size = self.slope.shape
        shared = len(self.shared_slope)
        wanted = np.concatenate([self.border, -self.slope[..., None]], axis=2)
        inner = np.arange(size)
        nothing = np.zeros((size, size))
        # Row t of the factor: the inverse of its own block, and those of frames t - 1 and t - 2.
        roots: list[Array] = []
        nearer, farther = [nothing] * count, [nothing] * count
        half = np.zeros_like(wanted)
        for t in range(count):
            block, right = self.blocks[0][t].copy(), wanted[t].copy()
            block[inner, inner] = block[inner, inner] * (1 + damping) + 1e-9
            if t >= 2:
                farther[t] = self.blocks[2][t - 2].T @ roots[t - 2].T
                right -= farther[t] @ half[t - 2]
                block -= farther[t] @ farther[t].T
            if t >= 1:
                part = self.blocks[1][t - 1].T - farther[t] @ nearer[t - 1].T
                nearer[t] = part @ roots[t - 1].T
                right -= nearer[t] @ half[t - 1]
                block -= nearer[t] @ nearer[t].T
            roots.append(np.linalg.inv(np.linalg.cholesky(block)))
            half[t] = roots[t] @ right
        gather = np.einsum("tis,tir->sr", half[..., :shared], half)
        matrix = self.shared - gather[:, :shared]
        matrix[np.arange(shared), np.arange(shared)] += damping * np.diag(self.shared) + 1e-9
        step_shared = np.linalg.solve(matrix, -self.shared_slope - gather[:, shared])
        rest = half[..., shared] - half[..., :shared] @ step_shared
        step = np.zeros((count, size))
        for t in range(count - 1, -1, -1):
            value = rest[t].copy()
            if t + 1 < count:
                value -= nearer[t + 1].T @ step[t + 1]
            if t + 2 < count:
                value -= farther[t + 2].T @ step[t + 2]
            step[t] = roots[t].T @ value
        return step, step_shared
