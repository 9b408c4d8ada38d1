"""Faults that a test plants in the processes that it starts, since none is at hand in real files.

With this folder on PYTHONPATH, ``VIDEXPR_FAULTS=segfault:NAME,hang:NAME,eat:NAME,fill:NAME`` makes the
work on the source of that name end so, ``VIDEXPR_LEASE=SECONDS`` shortens leases, and
``VIDEXPR_PLACED=SECONDS`` the patience with a cluster that has no room.
"""

import importlib.abc
import importlib.util
import os
import signal
import sys
import tempfile
import time

FAULTS = dict(
    reversed(one.split(":")) for one in os.environ.get("VIDEXPR_FAULTS", "").split(",") if one
)


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def hang():
    while True:
        time.sleep(1)


def eat():
    held = []
    while True:
        held.append(b"x" * 50_000_000)
        time.sleep(0.02)


def fill():
    with tempfile.NamedTemporaryFile(dir=os.environ["VIDEXPR_SMALL_DISK"]) as file:
        while True:
            file.write(bytes(1 << 20))


class Planter(importlib.abc.MetaPathFinder):
    """Changes a module of videxpr when it is imported."""

    def __init__(self, name, change):
        self.name, self.change = name, change

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            self.change(module)

        spec.loader.exec_module = exec_module
        return spec


def plant_faults(module):
    annotate = module.Annotator.annotate

    def faulty(self, source, progress=None):
        if source.stem in FAULTS:
            globals()[FAULTS[source.stem]]()
        return annotate(self, source, progress)

    module.Annotator.annotate = faulty


def shorten_leases(module):
    module.LEASE_SECONDS = float(os.environ["VIDEXPR_LEASE"])
    module.RENEW_SECONDS = module.LEASE_SECONDS / 4


def shorten_patience(module):
    module.PLACED_SECONDS = float(os.environ["VIDEXPR_PLACED"])


if FAULTS:
    sys.meta_path.insert(0, Planter("videxpr.annotation.annotator", plant_faults))
if "VIDEXPR_LEASE" in os.environ:
    sys.meta_path.insert(0, Planter("videxpr.annotation.leases", shorten_leases))
if "VIDEXPR_PLACED" in os.environ:
    sys.meta_path.insert(0, Planter("videxpr.annotation.batch.ray_pool", shorten_patience))
