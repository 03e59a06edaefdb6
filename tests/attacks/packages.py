"""A third round, on the list of packages: ways to another package, to what is beside one, to a path.

S is the folder in which NumPy is installed, U a file in it of a package that is not on the list.
"""

from __future__ import annotations

from tests.attacks.catalogue import Inside

LIST = "next(f for f in sys.meta_path if hasattr(f, '_modules'))._modules"
READS = {
    "a package that is not listed": "open(U).read()",
    "from NumPy's folder upwards": "open(os.path.dirname(numpy.__file__) + '/../pytest/__init__.py')",
    "from a folder that is open": "fd = os.open(S + '/numpy', os.O_PATH | os.O_DIRECTORY)\n"
    "os.open('../pytest/__init__.py', os.O_RDONLY, dir_fd=fd)",
    "with C's own open": "must(0 if libc.fopen(U.encode(), b'r') else -1)",
    "with openat2": "must(libc.syscall(437, -100, U.encode(), ctypes.create_string_buffer(24), 24))",
    "as a mapped array": "numpy.memmap(U, mode='r')",
    "as an array's file": "numpy.fromfile(U)",
    "as a text of numbers": "numpy.loadtxt(U, dtype=str, delimiter='\\x01', comments=None)",
    "as an archive": "import io, zipfile; zipfile.ZipFile(io.BytesIO(), 'w').write(U)",
    "as lines of source": "import linecache; linecache.getlines(U) or must(-1)",
    "in an encoding": "import codecs; codecs.open(U, encoding='utf-7')",
    "pip of Python itself": "open(os.__file__.replace('os.py', 'site-packages/pip/__init__.py'))",
    "the rules of Landlock": "os.fstat(62)",
}
IMPORTS = {
    "another package imported": "import pytest",
    "nbgrader imported": "import nbgrader",
    "a path to site-packages": "sys.path.insert(0, S); sys.path_importer_cache.clear(); import pytest",
    "a path to a folder outside": "from importlib.machinery import SourceFileLoader as L\n"
    "L('x', D + '/checks.py').get_source('x')",
    "a site added": "import site; site.addsitedir(S); import pytest",
    "a .pth of its own": "import site\n"
    "open('a.pth', 'w').write(S); site.addsitedir(os.getcwd()); import pytest",
    "a .pth beside packages": "open(S + '/a.pth', 'w').write('import os')",
    "a loader of its own": "import importlib.util as u; s = u.spec_from_file_location('x', U)\n"
    "s.loader.exec_module(u.module_from_spec(s))",
    "a loader of bytecode": "import importlib.machinery as m; m.SourcelessFileLoader('x', U).get_data(U)",
    "a path of NumPy's": "numpy.__path__.append(S); import numpy.pytest",
    "a path of encodings": "import encodings; encodings.__path__.append(S); import encodings.pytest",
    "the list made longer": LIST + "['pytest'] = U\nimport pytest",
    "a folder put on the list": LIST + "['x'] = S\nimport x.pytest",
    "run as a program": "import runpy; runpy.run_path(U)",
    "run by its name": "import runpy; runpy.run_module('pytest')",
    "data of a package": "import pkgutil; pkgutil.get_data('pytest', '__init__.py') or must(-1)",
    "resources of a package": "import importlib.resources; importlib.resources.files('pytest')",
    "what else is installed": "import importlib.metadata; importlib.metadata.version('nbgrader')",
    "what else is installed there": "import importlib.metadata as m\n"
    "{d.name for d in m.distributions(path=[S])} & {'pytest', 'nbgrader'} or must(-1)",
    "what a folder of packages holds": "import pkgutil\n"
    "{m.name for m in pkgutil.iter_modules([S])} & {'pytest', 'nbgrader'} or must(-1)",
    "the judge's path": "[p for p in sys.path if 'packages' in p] or must(-1)",
    "the grader's place in minigrad": "import minigrad as m\n"
    "m.__path__ = [os.path.dirname(m.__file__)]\nimport minigrad.grading",
}
WRITES = {
    "bytecode beside NumPy's": "open(S + '/numpy/__pycache__/x.pyc', 'wb').write(b'')",
    "a package moved": "os.rename(os.path.dirname(numpy.__file__), S + '/mine')",
    "a package's file removed": "os.unlink(numpy.__file__)",
    "a folder beside packages": "os.mkdir(S + '/pytest2')",
}


def of_packages() -> tuple[Inside, ...]:
    """All of them."""
    return (
        *(Inside(name, source) for name, source in {**READS, **IMPORTS, **WRITES}.items()),
        Inside("that another package is there", "os.stat(U)", landlock="runs"),
    )
