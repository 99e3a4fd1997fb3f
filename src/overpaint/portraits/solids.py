"""Signed distances of simple solids, compiled; y up, z to the viewer."""

import math

from overpaint.portraits.compiling import jit


@jit
def smooth_min(a, b, k):
    h = max(k - abs(a - b), 0.0) / k
    return min(a, b) - h * h * k * 0.25


@jit
def ellipsoid(x, y, z, rx, ry, rz):
    x1, y1, z1 = x / rx, y / ry, z / rz
    k0 = math.sqrt(x1 * x1 + y1 * y1 + z1 * z1)
    x2, y2, z2 = x1 / rx, y1 / ry, z1 / rz
    k1 = math.sqrt(x2 * x2 + y2 * y2 + z2 * z2) + 1e-9
    return k0 * (k0 - 1.0) / k1


@jit
def capsule(x, y, z, ax, ay, az, bx, by, bz, r):
    px, py, pz = x - ax, y - ay, z - az
    ux, uy, uz = bx - ax, by - ay, bz - az
    h = (px * ux + py * uy + pz * uz) / (ux * ux + uy * uy + uz * uz)
    h = min(max(h, 0.0), 1.0)
    dx, dy, dz = px - ux * h, py - uy * h, pz - uz * h
    return math.sqrt(dx * dx + dy * dy + dz * dz) - r


@jit
def cylinder(x, y, z, r, h):
    """Upright, radius r, half height h."""
    dx = math.sqrt(x * x + z * z) - r
    dy = abs(y) - h
    outside = math.sqrt(max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2)
    return min(max(dx, dy), 0.0) + outside


@jit
def round_box(x, y, z, bx, by, bz, r):
    qx, qy, qz = abs(x) - bx + r, abs(y) - by + r, abs(z) - bz + r
    ox, oy, oz = max(qx, 0.0), max(qy, 0.0), max(qz, 0.0)
    return math.sqrt(ox * ox + oy * oy + oz * oz) + min(max(qx, max(qy, qz)), 0.0) - r
