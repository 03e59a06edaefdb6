"""Every primitive operation, by families. Each is a plain function on arrays that `op` lifts to tensors.

An op knows nothing of tensors or of the tape: see `minigrad.tape` for what it returns. To add one, write it
into a file of its kin, name it there in `__all__`, and give it its cases in tests/test_ops.py. It may be
lifted by `lift` or `quick` of `minigrad.fast`, which take less time and ask more of it.

Where a function has a kink, the gradient is: abs, relu, sign, and std and norm where they are 0, 0;
leaky_relu the slope; clip 1 at its bounds; entries that tie in max, min, maximum, minimum share it equally.
"""

from typing import TYPE_CHECKING

from minigrad.ops import arithmetic, choosing, elementwise, indexing, products, reductions, shapes
from minigrad.ops.arithmetic import *
from minigrad.ops.choosing import *
from minigrad.ops.elementwise import *
from minigrad.ops.indexing import *
from minigrad.ops.products import *
from minigrad.ops.reductions import *
from minigrad.ops.shapes import *

if not TYPE_CHECKING:  # a checker takes the stars above as they are, but reads no list that is put together
    families = (arithmetic, choosing, elementwise, indexing, products, reductions, shapes)
    __all__ = [name for family in families for name in family.__all__]
