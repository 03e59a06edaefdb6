"""Known mistakes in 00-autograd, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant

# What replaces the second half of backward: from finding the nodes to the end.
WALK = '''    found, todo = {root.node}, [root.node]
    while todo:
        for parent in todo.pop().parents:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    gradients = {root.node: g}
    for node in sorted(found, key=lambda node: node.serial, reverse=True):
        g = gradients.pop(node)
        if not node.parents:
            node.grad = np.array(g) if node.grad is None else node.grad + g
        for parent, vjp in zip(node.parents, node.vjps, strict=True):
            sent = vjp(g)
            gradients[parent] = gradients[parent] + sent if parent in gradients else sent'''
FIND = WALK[: WALK.index("    gradients = {root.node: g}")]
LEAF = "node.grad = np.array(g) if node.grad is None else node.grad + g"
SUM = "gradients[parent] = gradients[parent] + sent if parent in gradients else sent"


def fails(exercise, probes):
    """Names of checks."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


MUTANTS = [
    # --- numeric-grad
    mutant(
        "nudge-one-side",
        "        x[i] = kept - eps\n        below = f(x)\n        x[i] = kept\n"
        "        slopes[i] = (above - below) / (2 * eps)",
        "        x[i] = kept\n        below = f(x)\n        slopes[i] = (above - below) / eps",
        [
            "By what does the error of a slope shrink when eps becomes ten times smaller?",
            "Here by ten, since the nudge goes to one side only; with nudges to both sides it is a hundred.",
            "Look at the two places where f is asked: do they lie on both sides of x?",
        ],
        fails("numeric-grad", "one-entry wide-nudges"),
    ),
    mutant(
        "nudge-not-halved",
        "(above - below) / (2 * eps)",
        "(above - below) / eps",
        [
            "How far apart are the two places where f was asked?",
            "Two eps apart: every slope is twice too large.",
            "Look at what the difference is divided by.",
        ],
        fails("numeric-grad", "shape-of-x one-entry several-entries wide-nudges any-x"),
    ),
    mutant(
        "nudge-ignores-eps",
        "    slopes = np.zeros(x.shape)\n",
        "    slopes, eps = np.zeros(x.shape), 1e-6\n",
        ["Call it with `eps=1e-2` and with `eps=1e-6` on a function that is no straight line: do the slopes differ?","The nudge is always the same, whatever `eps` is handed over.","Look for the place where a nudge gets its size: is it the argument?",],
        fails("numeric-grad", "one-entry wide-nudges"),
    ),
    mutant(
        "nudge-stays",
        "        x[i] = kept\n        slopes[i]",
        "        slopes[i]",
        ["When the slope of entry 2 is measured, where is entry 1: at its own value, or where its nudge left it?","While later entries are nudged, the earlier ones are no longer where they were.","Look at the end of a turn of the loop: what is put back?",],
        fails("numeric-grad", "wide-nudges"),
    ),
    mutant(
        "nudge-rounds",
        """    x = np.array(x, dtype=np.float64)
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
""",
        """    x = np.asarray(x, dtype=np.float64)
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        below = f(x)
        x[i] += eps
""",
        ["Is `x` after the call, to the last digit, what it was before? Is (a + e) − e always a?","Adding and subtracting `eps` again does not quite lead back: the caller's `x` has changed in its last digits.","Look at how an entry gets back to its value: by counting, or from what was kept?",],
        fails("numeric-grad", "bit-for-bit"),
    ),
    mutant(
        "nudge-keeps-dtype",
        "    x = np.array(x, dtype=np.float64)\n    slopes",
        "    x = np.array(x)\n    slopes",
        ["What is 1 + 1e-6 in an array of integers? And in float32, how many digits are there?","If `x` holds integers, or float32, a nudge of 1e-6 is lost in it.","Look at the array that the nudges go into: which dtype has it?",],
        fails("numeric-grad", "any-x"),
    ),
    mutant(
        "nudge-flat-copy",
        """    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
        slopes[i] =""",
        """    flat = x.reshape(-1)
    for i in range(x.size):
        kept = flat[i]
        flat[i] = kept + eps
        above = f(x)
        flat[i] = kept - eps
        below = f(x)
        flat[i] = kept
        slopes.flat[i] =""",
        ["Does `f` get the very array that you nudge? Does it still where `x` is a transposed one?","If the nudges go into a flat version of `x`: of a transposed array that is a copy, and `f` never sees them.","Look at what is nudged and at what is handed to `f`: `np.shares_memory` tells.",],
        fails("numeric-grad", "any-x"),
    ),
    mutant(
        "nudge-all-at-once",
        "        x[i] = kept + eps\n        above = f(x)\n        x[i] = kept - eps\n        below = f(x)\n",
        "        above = f(x + eps)\n        below = f(x - eps)\n",
        ["For f(x) = x₁ + 10 x₂ the slopes are 1 and 10. What do you get for each?","All entries are moved together, so every slope is the sum of all slopes.","Look at what is moved before `f` is called: one entry, or the whole array?",],
        fails("numeric-grad", "shape-of-x several-entries wide-nudges any-x"),
    ),
    # --- sigmoid-tanh
    mutant(
        "sigmoid-slope-of-x",
        "g * y * (1 - y)",
        "g * x * (1 - x)",
        [
            "σ' = σ (1 − σ): is σ here the argument or the result?",
            "The result; in your sigmoid's vjp the argument stands in its place.",
            "Look at which of x and y your sigmoid's vjp uses.",
        ],
        fails("sigmoid-tanh", "slope-of-sigmoid weighted-slopes in-float32 vjp-twice sigmoid-far-out"),
    ),
    mutant(
        "tanh-slope-of-x",
        "g * (1 - y**2)",
        "g * (1 - x**2)",
        [
            "tanh' = 1 − tanh²: what is squared, the argument or the result?",
            "The result; in your tanh's vjp the argument stands in its place.",
            "Look at which of x and y your tanh's vjp uses.",
        ],
        fails("sigmoid-tanh", "slope-of-tanh weighted-slopes in-float32 vjp-twice tanh-far-out"),
    ),
    mutant(
        "tanh-not-squared",
        "g * (1 - y**2)",
        "g * (1 - y)",
        ["What is the slope of tanh at 0, and should it differ between x and −x?","The slope of your tanh is not the same at x and at −x. Look at the formula again: one symbol is missing.","Look at the vjp of tanh: what is subtracted from one?",],
        fails("sigmoid-tanh", "slope-of-tanh weighted-slopes in-float32 vjp-twice tanh-far-out"),
    ),
    mutant(
        "sigmoid-ignores-g",
        "g * y * (1 - y)",
        "y * (1 - y)",
        [
            "What should come back when g is twice as large?",
            "Twice as much; your sigmoid's vjp gives the slope itself, whatever g arrives. (With g = 1 one does not notice.)",
            "Look at where g enters your sigmoid's vjp.",
        ],
        fails("sigmoid-tanh", "weighted-slopes in-float32 vjp-twice sigmoid-far-out"),
    ),
    mutant(
        "sigmoid-overflows-left",
        "    small = np.exp(-np.abs(x))\n    y = np.where(x >= 0, 1, small) / (1 + small)\n",
        "    y = 1 / (1 + np.exp(-x))\n",
        ["What is `np.exp(1000.0)`? For which x does your sigmoid ask for such a number?","For a very negative `x` an exponential of your sigmoid overflows on the way, even though the result looks right.","Look at the sign in the exponential, and for which half of the line it is safe.",],
        fails("sigmoid-tanh", "sigmoid-far-out"),
    ),
    mutant(
        "sigmoid-overflows-right",
        "    small = np.exp(-np.abs(x))\n    y = np.where(x >= 0, 1, small) / (1 + small)\n",
        "    y = np.exp(x) / (1 + np.exp(x))\n",
        ["What is `np.exp(1000.0)`, and what is that divided by itself?","For a large positive `x` your sigmoid divides infinity by infinity.","Look at the exponentials of your sigmoid: for which half of the line are they safe?",],
        fails("sigmoid-tanh", "far-to-the-right sigmoid-far-out"),
    ),
    mutant(
        "sigmoid-writes-into-g",
        "lambda g: g * y * (1 - y)",
        "lambda g: np.multiply(g, y * (1 - y), out=g)",
        ["Is `g` after the vjp what it was before?","Your sigmoid's vjp changes the `g` that it was given; another operation may still need it.","Look for `out=`, `*=` or an assignment into `g`.",],
        fails("sigmoid-tanh", "vjp-twice"),
    ),
    mutant(
        "tanh-overflows",
        "g * (1 - y**2)",
        "g / np.cosh(x) ** 2",
        ["What is `np.cosh(1000.0)`?","Your tanh's vjp overflows on the way, even though the gradient looks right: is there a form with the result?","Look at the vjp of tanh: does it begin from x, or from the result that is there already?",],
        fails("sigmoid-tanh", "tanh-far-out"),
    ),
    mutant(
        "tanh-float64",
        "y = np.tanh(x)",
        "y = np.tanh(np.array(x, dtype=float))",
        ["Which dtype does each of your lines have when x is float32?","tanh of a float32 array comes out as float64.","Look for a `float`, a `dtype=` or an array made on the way.",],
        fails("sigmoid-tanh", "in-float32 entries weighted-slopes"),
    ),
    # --- matmul
    mutant(
        "matmul-vjps-swapped",
        "(vjp_a, vjp_b)",
        "(vjp_b, vjp_a)",
        [
            "Which of the two vjps belongs to the first argument?",
            "The first; both gradients are right, but they stand in the wrong order.",
            "Look at the order of the vjps that are returned, and say the shape of each one's result.",
        ],
        fails("matmul", "gradient-shapes two-by-two one-cotangent a-stack cotangents shared-by-a-stack"),
    ),
    mutant(
        "matmul-reverses-all-axes",
        "        return g @ np.swapaxes(b, -1, -2)\n\n    def vjp_b(g):\n        return np.swapaxes(a, -1, -2) @ g\n",
        "        return g @ b.T\n\n    def vjp_b(g):\n        return a.T @ g\n",
        ["What shape has `.T` of an array of shape (2, 3, 4)? Which two axes should change places?","Matrices work, a stack of them does not. If you use `.T`: it turns the stack around as well.","Look at each transposition in the two vjps.",],
        fails("matmul", "a-stack shared-by-a-stack"),
    ),
    mutant(
        "matmul-b-not-transposed",
        "g @ np.swapaxes(b, -1, -2)",
        "g @ b",
        ["a (N, K), b (K, M), g (N, M): which product of two of them can be (N, K), and is so also where all three are square?","In the gradient of `a` the sum runs over the wrong index of `b`. Say the three shapes aloud.","Look at what g is multiplied with in the vjp of `a`.",],
        fails(
            "matmul",
            "gradient-shapes two-by-two one-cotangent a-stack left-as-they-are cotangents "
            "shared-by-a-stack",
        ),
    ),
    mutant(
        "matmul-result-transposed",
        "np.swapaxes(a, -1, -2) @ g",
        "np.swapaxes(g, -1, -2) @ a",
        ["Which shape has b, and which shape has what you send to it?","The gradient of `b` comes out on its side: (M, K) where `b` is (K, M).","Look at the vjp of `b`: which of the two factors stands on the left, and which is turned?",],
        fails("matmul", "gradient-shapes two-by-two one-cotangent a-stack cotangents shared-by-a-stack"),
    ),
    mutant(
        "matmul-sums-the-stack",
        "return np.swapaxes(a, -1, -2) @ g\n",
        "return (np.swapaxes(a, -1, -2) @ g).reshape(-1, *b.shape[-2:]).sum(axis=0)\n",
        ["Where b has a matrix for each of a, how many gradients does b get? And who sums where it has one for all?","The gradient of `b` is summed over the stack even where each matrix of it has its own `b`.","Look at the end of the vjp of `b`: does it do what `unbroadcast` does anyway?",],
        fails("matmul", "a-stack shared-by-a-stack"),
    ),
    mutant(
        "matmul-y-for-g",
        "g @ np.swapaxes(b, -1, -2)",
        "y @ np.swapaxes(b, -1, -2)",
        ["Call the vjp of `a` with g and with 2g: what has to happen to the answer?","The gradient of `a` does not depend on the cotangent: what is sent back there?","Look at what the vjp of `a` multiplies.",],
        fails("matmul", "two-by-two one-cotangent a-stack cotangents shared-by-a-stack"),
    ),
    mutant(
        "matmul-dot",
        "y = a @ b\n",
        "y = np.dot(a, b)\n",
        ["What shape has the product of two stacks (5, 2, 3) and (5, 3, 4)? What does yours have?","Matrices work; with stacks, each matrix of one is multiplied with each of the other (as `np.dot` does).","Look at the function that makes the product: `np.dot` and `@` agree on matrices alone.",],
        fails("matmul", "a-stack shared-by-a-stack"),
    ),
    mutant(
        "matmul-float64",
        "y = a @ b\n",
        "y = np.array(a, dtype=float) @ b\n",
        ["Which dtype has the product of two float32 arrays?","The product of float32 matrices comes out as float64.","Look for a `float`, a `dtype=` or an array made on the way.",],
        fails("matmul", "left-as-they-are product"),
    ),
    # --- backward
    mutant(
        "backward-last-use-wins",
        SUM,
        "gradients[parent] = sent",
        [
            "A value is used twice. What do its two uses send back, and what becomes of that?",
            "Two answers, whose sum is wanted; only one of them is kept.",
            "Look at what happens when a gradient arrives at a node that has one already.",
        ],
        fails(
            "backward",
            "squared diamond ten-doublings any-graph sixty-diamonds shared-graphs nothing-written",
        ),
    ),
    mutant(
        "backward-one-edge",
        "in zip(node.parents, node.vjps, strict=True)",
        "in dict(zip(node.parents, node.vjps)).items()",
        ["Of y = x · x the gradient is 2x. Which share of it arrives?","In x · x both arguments are the same node; you ask only one of the two vjps.","Look at what pairs parents with vjps: can it hold one parent twice?",],
        fails("backward", "squared ten-doublings any-graph"),
    ),
    mutant(
        "backward-forgets-earlier-calls",
        LEAF,
        "node.grad = np.array(g)",
        [
            "After two calls, what should stand in the `grad` of a leaf?",
            "The sum of both; here the second call replaces what the first one left.",
            "Look at how the gradient of a leaf is set at the end.",
        ],
        fails("backward", "two-calls shared-graphs"),
    ),
    mutant(
        "backward-order-of-discovery",
        FIND + "    gradients = {root.node: g}\n"
        "    for node in sorted(found, key=lambda node: node.serial, reverse=True):\n",
        """    found, known = [root.node], {root.node}
    for node in found:
        for parent in node.parents:
            if parent not in known:
                known.add(parent)
                found.append(parent)
    gradients = {root.node: g}
    for node in found:
""",
        [
            "When may a node pass its gradient on?",
            "When all its uses have answered; some of yours do so before that.",
            "Look at the order in which you visit the nodes.",
        ],
        fails("backward", "diamond any-graph shared-graphs"),
    ),
    mutant(
        "backward-every-edge",
        WALK,
        """    def send(node, g):
        if not node.parents:
            node.grad = np.array(g) if node.grad is None else node.grad + g
        for parent, vjp in zip(node.parents, node.vjps):
            send(parent, vjp(g))

    send(root.node, g)""",
        ["How often is each node visited in a chain of 30 additions `y = y + y`?","The gradients are right, but whatever lies behind a node is walked through again for each of its uses.","Look at when a node hands on what it has: after each arrival, or once all have arrived?",],
        fails("backward", "ten-doublings four-thousand sixty-diamonds ten-thousand"),
    ),
    mutant(
        "backward-skips-zeros",
        "        g = gradients.pop(node)\n",
        "        g = gradients.pop(node, None)\n        if g is None or not np.any(g):\n            continue\n",
        ["What should `.grad` be of a leaf that the root depends on, but whose slope here is zero?","A cotangent of zeros is an answer like any other: the leaf behind it gets zeros, and None only where nothing leads to it.","Look at what you do with a cotangent that holds only zeros, and with one that is missing.",],
        fails("backward", "many-leaves"),
    ),
    mutant(
        "backward-recursive-order",
        FIND,
        """    found = set()

    def visit(node):
        if node not in found:
            found.add(node)
            for parent in node.parents:
                visit(parent)

    visit(root.node)
""",
        ["How deep may calls be nested in Python, and how long is a chain of 10,000 steps?","A function that calls itself, to find the nodes or to walk back, ends at Python's recursion limit when the chain is long.","Look for the function that calls itself; a list of what is still to be done does the same.",],
        fails("backward", "four-thousand ten-thousand"),
    ),
    mutant(
        "backward-stale",
        WALK[WALK.index("    gradients = {root.node: g}") :],
        """    root.node.grad = np.array(g) if root.node.grad is None else root.node.grad + g
    for node in sorted(found, key=lambda node: node.serial, reverse=True):
        for parent, vjp in zip(node.parents, node.vjps):
            sent = vjp(node.grad)
            parent.grad = np.array(sent) if parent.grad is None else parent.grad + sent""",
        ["Walk the same graph twice. Where does what came to the nodes in between lie after the first time?","A second call through the same graph gives too much: nodes in between still hold what the first one left.","Look at where cotangents are collected: in the nodes, or in something that is made anew for each walk?",],
        fails("backward", "two-calls shared-graphs"),
    ),
    mutant(
        "backward-sums-in-place",
        SUM,
        """if parent in gradients:
                gradients[parent] += sent
            else:
                gradients[parent] = sent""",
        ["If one vjp sends the same array to both parents, what does adding into it do to the other?","You add into an array that came out of a vjp. It may be `g` itself, or be shared with another node.","Look for `+=` on what a vjp has returned.",],
        fails("backward", "nothing-written"),
    ),
    mutant(
        "backward-never-refuses",
        "if root.data.size != 1:",
        "if root.data.ndim > 99:",
        ["Of which function is it the gradient when the root has three entries and no `g` was given?","Without `g`, a root of several entries is not refused: nobody is told that a sum was taken.","Look at the test before the walk: for which roots does it raise?",],
        fails("backward", "from-one-or-refused"),
    ),
    mutant(
        "backward-starts-in-float64",
        "np.ones_like(root.data)",
        "np.ones(root.shape)",
        ["Which dtype has the cotangent that the walk begins with when the root is float32?","Left alone, the walk starts from a float64, and makes everything behind a float32 root float64.","Look at what stands in for `g` where none was given.",],
        fails("backward", "from-one-or-refused from-one"),
    ),
    mutant(
        "backward-ignores-g",
        "        g = np.ones_like(root.data)\n",
        "    g = np.ones_like(root.data)\n",
        ["Walk with g and with 2g: what has to happen to the gradients?","Whatever cotangent is handed over, the walk starts from ones.","Look at what the walk begins with where a `g` was given.",],
        fails(
            "backward",
            "one-operation chain-of-three diamond ten-doublings four-thousand g-afterwards many-leaves "
            "any-graph sixty-diamonds shared-graphs ten-thousand nothing-written",
        ),
    ),
    mutant(
        "backward-shares-arrays",
        LEAF,
        "node.grad = g if node.grad is None else node.grad + g",
        ["Change an entry of `.grad` by hand: does anything else change with it?","The gradient of a leaf is the very array that came back, and a neighbour, or the caller, may hold it too.","Look at what a leaf stores when the first gradient arrives: an array of its own?",],
        fails("backward", "nothing-written"),
    ),
    mutant(
        "backward-frees-the-tape",
        SUM,
        SUM + "\n        node.vjps = node.parents = ()",
        ["Call it a second time: is there still something to walk?","After the first call the graph is gone; here it must be possible to walk it again.","Look for a line that empties or deletes what a node holds.",],
        fails("backward", "two-calls shared-graphs"),
    ),
    mutant(
        "backward-adds-into-the-leaf",
        LEAF,
        """if node.grad is None:
                node.grad = g
            else:
                node.grad += g""",
        ["After two walks, is the `g` that you gave still what you gave?","A leaf keeps the array it was given and adds into it later; it may be the caller's `g`.","Look at what a leaf stores first, and at how the second gradient is added to it.",],
        fails("backward", "g-afterwards nothing-written"),
    ),
    # --- unbroadcast
    mutant(
        "unbroadcast-only-in-front",
        "    return g.sum(axis=stretched, keepdims=True)",
        "    return g",
        [
            "A bias (1, 3) is added to (4, 3). Which axis of the gradient has to go, and which has to stay?",
            "The first is to be summed, and stays with length 1. Axes in front are undone here; those of length 1 that were stretched are not.",
            "Look at what happens when both shapes have the same number of axes.",
        ],
        fails("unbroadcast", "shapes a-column by-hand several-stretched any-shape dtype-and-g"),
    ),
    mutant(
        "unbroadcast-only-stretched",
        "    g = g.sum(axis=tuple(range(in_front)))\n",
        "    g = g.sum(axis=())\n",
        ["From (3,) to (2, 3) an axis came in front. What has the way back to do with it?","Stretched axes are undone; axes that were put in front are not.","Look at the axes that `g` has more than the shape: where are they summed?",],
        fails("unbroadcast", "shapes a-row by-hand several-in-front any-shape dtype-and-g nothing-to-undo"),
    ),
    mutant(
        "unbroadcast-drops-axes",
        "g.sum(axis=stretched, keepdims=True)",
        "g.sum(axis=stretched)",
        [
            "The argument has the shape (1, 3). Which shape has its gradient?",
            "The same; here the sums are right, but axes of length 1 have gone.",
            "Look at what a sum does with its axis.",
        ],
        fails("unbroadcast", "shapes a-column by-hand several-stretched any-shape dtype-and-g"),
    ),
    mutant(
        "unbroadcast-mean",
        "    g = g.sum(axis=tuple(range(in_front)))\n"
        "    stretched = tuple(i for i, n in enumerate(shape) if n == 1)\n"
        "    return g.sum(axis=stretched, keepdims=True)",
        "    g = g.mean(axis=tuple(range(in_front)))\n"
        "    stretched = tuple(i for i, n in enumerate(shape) if n == 1)\n"
        "    return g.mean(axis=stretched, keepdims=True)",
        [
            "A value is used four times, once for each row. What becomes of the four answers?",
            "They add up; here their mean is taken.",
            "Look at how surplus axes go away.",
        ],
        fails(
            "unbroadcast",
            "a-row a-column by-hand several-in-front several-stretched any-shape dtype-and-g",
        ),
    ),
    mutant(
        "unbroadcast-one-axis-in-front",
        "axis=tuple(range(in_front))",
        "axis=0 if in_front > 0 else ()",
        ["How many axes came in front from (3,) to (4, 2, 3)?","One axis in front is summed away; there may be several.","Look at which axes the first sum goes over: is their number fixed?",],
        fails("unbroadcast", "shapes several-in-front any-shape"),
    ),
    mutant(
        "unbroadcast-one-stretched-axis",
        "axis=stretched, keepdims",
        "axis=stretched[:1], keepdims",
        ["From (1, 3, 1) to (2, 3, 4), which axes were stretched?","Of several stretched axes only the first is undone.","Look at which of the stretched axes the second sum goes over.",],
        fails("unbroadcast", "shapes several-stretched any-shape"),
    ),
    mutant(
        "unbroadcast-takes-one",
        "return g.sum(axis=stretched, keepdims=True)",
        "return g[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]",
        ["One number was used in three places. What is its gradient, given those of the three?","The shape is right, but along a stretched axis one answer is taken and the others are dropped.","Look at what is done along a stretched axis: a sum, or a choice?",],
        fails("unbroadcast", "a-column by-hand several-stretched any-shape dtype-and-g"),
    ),
    mutant(
        "unbroadcast-float64",
        "axis=tuple(range(in_front))",
        "axis=tuple(range(in_front)), dtype=np.float64",
        ["Which dtype has a sum of float32?","A float32 gradient comes out as float64.","Look for a `dtype=`, or an array made on the way.",],
        fails("unbroadcast", "dtype-and-g nothing-to-undo"),
    ),
    # --- getitem
    mutant(
        "getitem-last-one-wins",
        "np.add.at(full, index, g)",
        "full[index] = g",
        [
            "The same place is read twice. How many answers come back to it?",
            "Two, which add up; here only one of them arrives.",
            "Look at how g gets to the places that were read.",
        ],
        fails("getitem", "read-twice word-vectors"),
    ),
    mutant(
        "getitem-one-buffer",
        "    def vjp(g):\n        full = np.zeros_like(x)\n        np.add",
        "    full = np.zeros_like(x)\n\n    def vjp(g):\n        np.add",
        ["Call the vjp twice with the same g: are the two answers alike?","The zeros are made once, so a second call of the vjp adds to what the first one left.","Look at where the zeros are made: once for all calls, or in each?",],
        fails("getitem", "called-again arrays-of-its-own"),
    ),
    mutant(
        "getitem-float64",
        "np.zeros_like(x)",
        "np.zeros(x.shape)",
        ["Which dtype has the gradient's array before anything is written into it?","The gradient of a float32 array comes out as float64.","Look at how the zeros are made: of what do they take their dtype?",],
        fails("getitem", "back-from-any-index back-from-a-slice"),
    ),
    mutant(
        "getitem-ignores-g",
        "np.add.at(full, index, g)",
        "np.add.at(full, index, 1)",
        ["Call the vjp with g and with 2g: what has to happen to the answer?","The vjp marks the places that were read, but does not carry `g` there.","Look at what is added at the places that were read.",],
        fails("getitem", "back-from-a-slice read-twice back-from-any-index word-vectors arrays-of-its-own"),
    ),
    mutant(
        "getitem-stays-small",
        "        return full\n",
        "        return g\n",
        ["What shape has x, and what shape has your gradient of it?","The gradient has the shape of what was read, not of `x`.","Look at what the vjp returns: the array that was filled, or what was filled in?",],
        fails(
            "getitem",
            "back-from-a-slice read-twice called-again back-from-any-index word-vectors "
            "arrays-of-its-own",
        ),
    ),
    mutant(
        "getitem-averages",
        "        return full\n",
        "        reads = np.zeros_like(x)\n"
        "        np.add.at(reads, index, 1)\n"
        "        return full / np.maximum(reads, 1)\n",
        ["x[[0, 0]] reads one number twice. What is its gradient, given those of the two?","A place that was read several times gets the mean of the answers; it should be their sum.","Look at what happens after the answers have been added up.",],
        fails("getitem", "read-twice word-vectors"),
    ),
    # --- cross-entropy
    mutant(
        "loss-not-shifted",
        "logits - logits.max(axis=1, keepdims=True)",
        "logits",
        [
            "What is exp(1000)?",
            "Infinity: large logits overflow in the exponential. The softmax of a row stays the same when one number is taken off all its logits.",
            "Look at what you subtract before the exponential, if anything.",
        ],
        fails("cross-entropy", "all-shifted rows-far-apart entries-far-apart"),
    ),
    mutant(
        "loss-overflows",
        "    shifted = logits - logits.max(axis=1, keepdims=True)\n"
        "    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n",
        "    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)\n    log_p = np.log(p)\n",
        ["What is `np.exp(1000.0)`?","Large logits give infinity divided by infinity. What may be subtracted from a row without changing its softmax?","Look at the first exponential: what is its largest argument?",],
        fails("cross-entropy", "all-shifted rows-far-apart entries-far-apart"),
    ),
    mutant(
        "loss-log-of-zero",
        "    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n",
        "    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)\n    log_p = np.log(p)\n",
        ["What is `np.exp(-1000.0)`, and what is the logarithm of that?","For a very wrong answer the probability rounds to zero before its logarithm is taken. Stay with logarithms.","Look at where the probability is made, and whether its logarithm can be had without it.",],
        fails("cross-entropy", "entries-far-apart"),
    ),
    mutant(
        "loss-one-maximum",
        "logits.max(axis=1, keepdims=True)",
        "logits.max()",
        ["In a batch, let one row have logits around 1000 and another around 0. What is left of the second?","The largest logit of all rows is subtracted; in a row far below it every exponential becomes zero.","Look at which numbers the maximum is taken over.",],
        fails("cross-entropy", "rows-far-apart entries-far-apart"),
    ),
    mutant(
        "loss-sum",
        "loss = -log_p[rows, labels].mean()",
        "loss = -log_p[rows, labels].sum()",
        ["Hand over the same row twice: should the loss double?","The loss is the sum over the rows; it should be their mean.","Look at the last thing that is done to the rows' losses.",],
        fails("cross-entropy", "mean-loss all-shifted any-size rows-far-apart entries-far-apart"),
    ),
    mutant(
        "loss-gradient-of-the-sum",
        "return g * d / n",
        "return g * d",
        ["Hand over the same row twice: what happens to the loss, and what to each row's gradient?","The loss is a mean over the rows, its gradient is that of a sum.","Look at the end of the vjp: is there the factor that a mean has and a sum has not?",],
        fails(
            "cross-entropy",
            "gradient-of-rows all-shifted with-any-cotangent rows-far-apart entries-far-apart",
        ),
    ),
    mutant(
        "loss-averaged-twice",
        "return g * d / n",
        "return g * d / n / n",
        ["Compare with central differences for 1, 2 and 4 rows: by which factor are you off?","The gradient is divided by the number of rows once too often.","Look for every division by the number of rows on the way back.",],
        fails(
            "cross-entropy",
            "gradient-of-rows all-shifted with-any-cotangent rows-far-apart entries-far-apart",
        ),
    ),
    mutant(
        "loss-only-softmax",
        "        d[rows, labels] -= 1\n",
        "",
        [
            "If the network is sure, and right, what should the gradient be?",
            "Nearly zero: what was said less what was right. Here the second part is missing.",
            "Look at where the labels enter the vjp.",
        ],
        fails(
            "cross-entropy",
            "gradient-of-one-row gradient-of-rows all-shifted with-any-cotangent rows-far-apart "
            "entries-far-apart",
        ),
    ),
    mutant(
        "loss-ignores-g",
        "return g * d / n",
        "return d / n",
        ["Call the vjp with g and with 2g: what has to happen to the answer?","The vjp gives the same whatever `g` arrives. (With g = 1 one does not notice.)","Look at the end of the vjp: where does `g` stand in it?",],
        fails("cross-entropy", "with-any-cotangent rows-far-apart entries-far-apart"),
    ),
    mutant(
        "loss-floor",
        "loss = -log_p[rows, labels].mean()",
        "loss = -np.log(np.exp(log_p[rows, labels]) + 1e-12).mean()",
        ["What is the loss when the right label has a logit of −1000?","A small number inside the logarithm hides how wrong a very wrong answer is.","Look for a small number, or a `clip` or `maximum`, beside the logarithm.",],
        fails("cross-entropy", "entries-far-apart"),
    ),
    mutant(
        "loss-eats-its-cache",
        "    def vjp(g):\n        d = np.exp(log_p)\n",
        "    d = np.exp(log_p)\n\n    def vjp(g):\n",
        ["Call the vjp twice with the same g: are the two answers alike?","Each call of the vjp takes the one off again, from the same array.","Look at the array from which the one is taken off: made in each call, or once?",],
        fails("cross-entropy", "vjp-again nothing-changed"),
    ),
    mutant(
        "loss-down-the-columns",
        "    shifted = logits - logits.max(axis=1, keepdims=True)\n"
        "    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n",
        "    shifted = logits - logits.max(axis=0, keepdims=True)\n"
        "    log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))\n",
        ["Rows are samples. Over what do the probabilities of one sample add up to one?","The probabilities of a column add up to one; those of a row should.","Look at the axis of every maximum and every sum.",],
        fails(
            "cross-entropy",
            "one-row mean-loss gradient-of-one-row gradient-of-rows all-shifted any-size "
            "with-any-cotangent rows-far-apart entries-far-apart",
        ),
    ),
    mutant(
        "loss-writes-into-logits",
        "    shifted = logits - logits.max(axis=1, keepdims=True)\n",
        "    logits -= logits.max(axis=1, keepdims=True)\n    shifted = logits\n",
        ["Are the logits after the call what they were before?","The caller's logits are changed.","Look for `-=`, `out=` or an assignment into what you were handed.",],
        fails("cross-entropy", "vjp-again nothing-changed"),
    ),
]


def rewrite(name, of, cell, source):
    return Rewrite(name, of, {cell: source})


REWRITES = [
    # --- numeric-grad
    rewrite("nudge-forward-vector", "nudge-one-side", "numeric-grad", '''
def numeric_grad(f, x, eps=1e-6):
    x = np.asarray(x, float)
    base = f(x.copy())
    flat = x.ravel()
    out = []
    for i in range(flat.size):
        moved = flat.copy()
        moved[i] += eps
        out.append((f(moved.reshape(x.shape)) - base) / eps)
    return np.array(out, dtype=float).reshape(x.shape)
'''),
    rewrite("nudge-forward-enumerate", "nudge-one-side", "numeric-grad", '''
def numeric_grad(f, x, eps=1e-6):
    grad = np.zeros(np.shape(x), dtype=np.float64)
    for index, value in np.ndenumerate(x):
        other = np.array(x, dtype=np.float64)
        other[index] = float(value) + eps
        grad[index] = f(other) / eps - f(np.array(x, dtype=np.float64)) / eps
    return grad
'''),
    rewrite("nudge-both-divided-once", "nudge-not-halved", "numeric-grad", '''
def numeric_grad(f, x, eps=1e-6):
    x = np.asarray(x, float)
    out = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        e = np.zeros(x.shape)
        e[i] = eps
        out[i] = (f(x + e) - f(x - e)) / eps
    return out
'''),
    rewrite("nudge-sum-of-both-sides", "nudge-not-halved", "numeric-grad", '''
def numeric_grad(f, x, eps=1e-6):
    x = np.array(x, dtype="float64")
    steps = eps * np.eye(x.size).reshape(x.size, *x.shape)
    middle = f(x.copy())
    slopes = [(f(x + s) - middle) / eps + (middle - f(x - s)) / eps for s in steps]
    return np.array(slopes, float).reshape(x.shape)
'''),
    # --- sigmoid-tanh
    rewrite("sigmoid-def-slope-of-x", "sigmoid-slope-of-x", "sigmoid", '''
def sigmoid(x):
    y = 0.5 * (1 + np.tanh(0.5 * x))

    def vjp(g):
        slope = x - x**2
        return slope * g

    return y, (vjp,)
'''),
    rewrite("sigmoid-one-minus-x", "sigmoid-slope-of-x", "sigmoid", '''
def sigmoid(x):
    e = np.exp(-abs(x))
    y = np.where(x < 0, e / (1 + e), 1 / (1 + e))
    slope = (1 - x) * x
    return y, (lambda g: slope * g,)
'''),
    rewrite("tanh-def-slope-of-x", "tanh-slope-of-x", "tanh", '''
def tanh(x):
    def vjp(g):
        return g - g * x * x

    return np.tanh(x), (vjp,)
'''),
    rewrite("tanh-factors-of-x", "tanh-slope-of-x", "tanh", '''
def tanh(x):
    y = np.tanh(x)
    return y, (lambda g: (1 - x) * (1 + x) * g,)
'''),
    rewrite("tanh-halves-squared", "tanh-overflows", "tanh", '''
def tanh(x):
    half = np.exp(x) / 2 + np.exp(-x) / 2
    return np.tanh(x), (lambda g: g / half**2,)
'''),
    rewrite("tanh-cosh-by-name", "tanh-overflows", "tanh", '''
def tanh(x):
    def vjp(g):
        slope = np.cosh(x)
        slope = slope * slope
        return g / slope

    return np.tanh(x), (vjp,)
'''),
    rewrite("sigmoid-slope-for-g", "sigmoid-ignores-g", "sigmoid", '''
def sigmoid(x):
    y = (1 + np.tanh(x / 2)) / 2
    slope = y - y * y

    def vjp(g):
        return slope

    return y, (vjp,)
'''),
    rewrite("sigmoid-ones-for-g", "sigmoid-ignores-g", "sigmoid", '''
def sigmoid(x):
    e = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    return y, (lambda g: np.ones_like(g) * (1 - y) * y,)
'''),
    rewrite("sigmoid-power", "sigmoid-overflows-left", "sigmoid", '''
def sigmoid(x):
    s = (1 + np.exp(-x)) ** -1.0

    def back(g):
        return g * s * (1 - s)

    return s, (back,)
'''),
    rewrite("sigmoid-textbook", "sigmoid-overflows-left", "sigmoid", '''
def sigmoid(x):
    e = np.exp(-x)
    y = 1.0 / (1.0 + e)
    slope = y - y**2
    return y, (lambda g: slope * g,)
'''),
    # --- matmul
    rewrite("matmul-lambdas-swapped", "matmul-vjps-swapped", "matmul", '''
def matmul(a, b):
    return np.matmul(a, b), (lambda g: a.swapaxes(-1, -2) @ g, lambda g: g @ b.swapaxes(-1, -2))
'''),
    rewrite("matmul-einsum-swapped", "matmul-vjps-swapped", "matmul", '''
def matmul(a, b):
    def for_b(g):
        return np.einsum("...nk,...nm->...km", a, g)

    def for_a(g):
        return np.einsum("...nm,...km->...nk", g, b)

    return np.einsum("...nk,...km->...nm", a, b), (for_b, for_a)
'''),
    rewrite("matmul-einsum-transposed", "matmul-result-transposed", "matmul", '''
def matmul(a, b):
    return a @ b, (
        lambda g: g @ b.swapaxes(-1, -2),
        lambda g: np.einsum("...nk,...nm->...mk", a, g),
    )
'''),
    rewrite("matmul-transposed-twice", "matmul-result-transposed", "matmul", '''
def matmul(a, b):
    def turn(m):
        return np.swapaxes(m, -2, -1)

    return a @ b, (lambda g: turn(b @ turn(g)), lambda g: turn(turn(a) @ g))
'''),
    # --- backward
    rewrite("backward-heap-overwrites", "backward-last-use-wins", "backward", '''
import heapq

def backward(root, g=None):
    if g is None:
        if root.data.size > 1:
            raise ValueError("g is needed")
        g = np.ones_like(root.data)
    waiting = {root.node.serial: (root.node, g)}
    heap = [-root.node.serial]
    while heap:
        node, g = waiting.pop(-heapq.heappop(heap))
        if not node.parents:
            node.grad = g.copy() if node.grad is None else node.grad + g
        for parent, vjp in zip(node.parents, node.vjps):
            if parent.serial not in waiting:
                heapq.heappush(heap, -parent.serial)
            waiting[parent.serial] = parent, vjp(g)
'''),
    rewrite("backward-nodes-overwrite", "backward-last-use-wins", "backward", '''
def backward(root, g=None):
    if g is None and root.data.size != 1:
        raise ValueError
    nodes, todo = {}, [root.node]
    while todo:
        n = todo.pop()
        if n.serial not in nodes:
            nodes[n.serial] = n
            todo += n.parents
    nodes = [nodes[serial] for serial in sorted(nodes, reverse=True)]
    root.node.cotangent = np.ones_like(root.data) if g is None else g
    for n in nodes:
        for p, vjp in zip(n.parents, n.vjps):
            p.cotangent = vjp(n.cotangent)
        if len(n.parents) == 0:
            n.grad = (0 if n.grad is None else n.grad) + np.array(n.cotangent)
'''),
    rewrite("backward-leaves-replaced", "backward-forgets-earlier-calls", "backward", '''
def backward(root, g=None):
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    received, order, todo = {}, [], [root.node]
    seen = set()
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            todo.extend(node.parents)
    received[root.node] = [g]
    for node in sorted(order, key=lambda n: n.serial)[::-1]:
        whole = sum(received[node][1:], received[node][0])
        for parent, vjp in zip(node.parents, node.vjps):
            received.setdefault(parent, []).append(vjp(whole))
        if not node.vjps:
            node.grad = np.copy(whole)
'''),
    rewrite("backward-cleared-first", "backward-forgets-earlier-calls", "backward", '''
def backward(root, g=None):
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    found, todo = {root.node}, [root.node]
    while todo:
        node = todo.pop()
        for parent in node.parents:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    for node in found:
        node.grad = None
    root.node.grad = np.array(g)
    for node in sorted(found, key=lambda node: node.serial, reverse=True):
        for parent, vjp in zip(node.parents, node.vjps):
            sent = np.array(vjp(node.grad))
            parent.grad = sent if parent.grad is None else parent.grad + sent
'''),
    rewrite("backward-closure-recursion", "backward-every-edge", "backward", '''
def pass_on(node, g):
    if node.parents:
        for i in range(len(node.parents)):
            pass_on(node.parents[i], node.vjps[i](g))
    elif node.grad is None:
        node.grad = np.array(g)
    else:
        node.grad = node.grad + g

def backward(root, g=None):
    if g is None:
        if root.data.size != 1:
            raise ValueError("no g")
        g = np.ones_like(root.data)
    pass_on(root.node, g)
'''),
    rewrite("backward-recursion-with-default", "backward-every-edge", "backward", '''
def backward(root, g=None, node=None):
    if node is None:
        node = root.node
        if g is None:
            if root.data.size != 1:
                raise ValueError("no g")
            g = np.ones_like(root.data)
    if not node.vjps:
        node.grad = (0 if node.grad is None else node.grad) + np.array(g)
    for parent, vjp in zip(node.parents, node.vjps):
        backward(root, vjp(g), parent)
'''),
    rewrite("backward-recursive-postorder", "backward-recursive-order", "backward", '''
def backward(root, g=None):
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    order, seen = [], set()

    def visit(node):
        seen.add(node)
        for parent in node.parents:
            if parent not in seen:
                visit(parent)
        order.append(node)

    visit(root.node)
    held = {root.node: g}
    for node in reversed(order):
        g = held[node]
        if not node.parents:
            node.grad = np.array(g) if node.grad is None else g + node.grad
        for parent, vjp in zip(node.parents, node.vjps):
            held[parent] = held[parent] + vjp(g) if parent in held else vjp(g)
'''),
    rewrite("backward-recursive-walk", "backward-recursive-order", "backward", '''
def backward(root, g=None):
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    found, todo = {root.node}, [root.node]
    for node in todo:
        fresh = [p for p in dict.fromkeys(node.parents) if p not in found]
        found.update(fresh)
        todo += fresh
    order = sorted(found, key=lambda node: -node.serial)
    held = {root.node: g}

    def walk(i):
        if i == len(order):
            return
        node, g = order[i], held[order[i]]
        if not node.parents:
            node.grad = np.array(g) if node.grad is None else node.grad + g
        for parent, vjp in zip(node.parents, node.vjps):
            held[parent] = held[parent] + vjp(g) if parent in held else vjp(g)
        walk(i + 1)

    walk(0)
'''),
    rewrite("backward-recursive-set", "backward-recursive-order", "backward", '''
def behind(node, known):
    known[node.serial] = node
    for parent in node.parents:
        if parent.serial not in known:
            behind(parent, known)
    return known

def backward(root, g=None):
    if g is None and root.data.size != 1:
        raise ValueError("a cotangent is needed")
    nodes = behind(root.node, {})
    sums = dict.fromkeys(nodes, 0)
    sums[root.node.serial] = np.ones_like(root.data) if g is None else g
    for serial in sorted(nodes, reverse=True):
        node = nodes[serial]
        for parent, vjp in zip(node.parents, node.vjps):
            sums[parent.serial] = sums[parent.serial] + vjp(sums[serial])
        if not node.parents:
            before = 0 if node.grad is None else node.grad
            node.grad = before + np.array(sums[serial])
'''),
    # --- unbroadcast
    rewrite("unbroadcast-while-in-front", "unbroadcast-only-in-front", "unbroadcast", '''
def unbroadcast(g, shape):
    while np.ndim(g) > len(shape):
        g = np.sum(g, axis=0)
    return g
'''),
    rewrite("unbroadcast-reshape-in-front", "unbroadcast-only-in-front", "unbroadcast", '''
def unbroadcast(g, shape):
    stay = g.shape[g.ndim - len(shape):]
    return g.reshape(-1, *stay).sum(axis=0)
'''),
    rewrite("unbroadcast-loop-drops-axes", "unbroadcast-drops-axes", "unbroadcast", '''
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i in reversed(range(len(shape))):
        if shape[i] == 1:
            g = g.sum(axis=i)
    return g
'''),
    rewrite("unbroadcast-one-sum-drops-axes", "unbroadcast-drops-axes", "unbroadcast", '''
def unbroadcast(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    return np.sum(g, axis=tuple(i for i in range(g.ndim) if padded[i] == 1))
'''),
    rewrite("unbroadcast-loop-mean", "unbroadcast-mean", "unbroadcast", '''
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    for i, n in enumerate(shape):
        if n != g.shape[i]:
            g = g.mean(axis=i, keepdims=True)
    return g
'''),
    rewrite("unbroadcast-one-mean", "unbroadcast-mean", "unbroadcast", '''
def unbroadcast(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i in range(g.ndim) if padded[i] == 1)
    return np.mean(g, axis=axes).reshape(shape)
'''),
    # --- getitem
    rewrite("getitem-plus-equals", "getitem-last-one-wins", "getitem", '''
def getitem(x, index):
    def back(g):
        gradient = np.zeros(x.shape, x.dtype)
        gradient[index] += g
        return gradient

    return x[index], (back,)
'''),
    rewrite("getitem-reads-and-writes", "getitem-last-one-wins", "getitem", '''
def getitem(x, index):
    y = np.array(x[index])

    def back(g):
        gradient = 0 * x
        gradient[index] = gradient[index] + g
        return gradient

    return y, (back,)
'''),
    rewrite("getitem-default-buffer", "getitem-one-buffer", "getitem", '''
def getitem(x, index):
    return x[index], (lambda g, full=np.zeros_like(x): np.add.at(full, index, g) or full,)
'''),
    rewrite("getitem-keeps-adding", "getitem-one-buffer", "getitem", '''
def getitem(x, index):
    total = [np.zeros(x.shape, x.dtype)]

    def vjp(g):
        places = np.arange(x.size).reshape(x.shape)[index].ravel()
        np.add.at(total[0].reshape(-1), places, np.ravel(g))
        return total[0]

    return x[index], (vjp,)
'''),
    # --- cross-entropy
    rewrite("loss-logsumexp-not-shifted", "loss-not-shifted", "cross-entropy", '''
def cross_entropy(logits, labels):
    N = logits.shape[0]
    total = np.log(np.exp(logits).sum(1))
    loss = np.mean(total - logits[np.arange(N), labels])

    def vjp(g):
        right = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        return g * (np.exp(logits - total[:, None]) - right) / N

    return loss, (vjp,)
'''),
    rewrite("loss-row-by-row-not-shifted", "loss-not-shifted", "cross-entropy", '''
def cross_entropy(logits, labels):
    log_p = np.stack([row - np.log(np.sum(np.exp(row))) for row in logits])
    loss = -np.mean(np.stack([row[k] for row, k in zip(log_p, labels)]))

    def vjp(g):
        d = np.exp(log_p)
        for i, k in enumerate(labels):
            d[i, k] -= 1
        return d * (g / len(labels))

    return loss, (vjp,)
'''),
    rewrite("loss-sum-of-logsumexp", "loss-sum", "cross-entropy", '''
def cross_entropy(logits, labels):
    z = logits - np.max(logits, axis=1)[:, None]
    total = np.log(np.sum(np.exp(z), axis=1))
    loss = (total - z[range(len(z)), labels]).sum()

    def vjp(g):
        d = np.exp(z - total[:, None])
        d[range(len(z)), labels] -= 1
        return g * (d / len(z))

    return loss, (vjp,)
'''),
    rewrite("loss-one-hot-sum", "loss-sum", "cross-entropy", '''
def cross_entropy(logits, labels):
    one_hot = (labels[:, None] == np.arange(logits.shape[1])).astype(logits.dtype)
    z = logits - logits.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -(one_hot * log_p).sum(), (lambda g: g * (np.exp(log_p) - one_hot) / len(labels),)
'''),
    rewrite("loss-mean-of-one-hot-twice", "loss-averaged-twice", "cross-entropy", '''
def cross_entropy(logits, labels):
    N, K = logits.shape
    one_hot = np.eye(K, dtype=logits.dtype)[labels]
    z = logits - logits.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -(one_hot * log_p).sum() / N, (lambda g: g * (np.exp(log_p) - one_hot) / N**2,)
'''),
    rewrite("loss-averaged-before-and-after", "loss-averaged-twice", "cross-entropy", '''
def cross_entropy(logits, labels):
    n = len(logits)
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    loss = np.mean(total - logits[np.arange(n), labels])

    def vjp(g):
        each = g / n
        d = np.exp(logits - total[:, None])
        d[np.arange(n), labels] -= 1
        return (d * each) / n

    return loss, (vjp,)
'''),
    rewrite("loss-fixed-gradient", "loss-ignores-g", "cross-entropy", '''
def cross_entropy(logits, labels):
    n, rows = len(labels), np.arange(len(labels))
    z = logits - logits.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1
    gradient /= n
    return np.mean(-log_p[rows, labels]), (lambda g: gradient.copy(),)
'''),
    rewrite("loss-one-hot-ignores-g", "loss-ignores-g", "cross-entropy", '''
def cross_entropy(logits, labels):
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    z = logits - logits.max(1, keepdims=True)
    total = np.exp(z).sum(1, keepdims=True)

    def vjp(_):
        return (np.exp(z) / total - one_hot) / len(labels)

    return (np.log(total[:, 0]) - (z * one_hot).sum(1)).mean(), (vjp,)
'''),
]
