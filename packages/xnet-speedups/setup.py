"""Builds the compiled part. Where that cannot be done the package is installed without it, and says so."""

from __future__ import annotations

import sys
import sysconfig
import warnings

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PARTS = ("_values", "_chunks", "_lane")
#: What they tell each other.
DECLARATIONS = ["src/xnet_speedups/_values.pxd"]


class BuildWherePossible(build_ext):
    """A build that goes on without the compiled part: xnet runs without it, slower."""

    def run(self) -> None:
        """Build, or say why not."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - whatever a compiler fails with, nothing depends on it
            warnings.warn(f"xnet-speedups is installed without its compiled part: {error}", stacklevel=1)


def extensions() -> list[Extension]:
    """Return what to compile: nothing where it would be no gain or not right."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        # PyPy compiles pure Python itself. Without the global lock an item could change while it is encoded.
        return []
    from Cython.Build import cythonize

    return cythonize(
        [
            Extension(
                f"xnet_speedups.{name}",
                [f"src/xnet_speedups/{name}.pyx"],
                depends=DECLARATIONS,
                optional=True,
            )
            for name in PARTS
        ]
    )


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWherePossible})
