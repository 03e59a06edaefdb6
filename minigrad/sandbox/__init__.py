"""The far side of the wall: what runs untrusted submissions.

A request is a list, its reply a plain value of `protocol`:

    ["cell", id, source]             {"ok": bool, "output": str, "error": None or what `describe` gives}
    ["checks", filename, text]       None; a fourth part, the text compiled, marshalled and in base64,
                                     saves each worker that work
    ["probe", name, seed]            {"arrays": {name: ndarray}} or {"failure": {"kind": ..., ...}},
                                     with "form" where a value had another than the check goes on with
    ["replay", name, seed, held_out, arrays]   {"score": float} or {"failure": ...}; a judge asks
                                     the solution's worker alone

A cell's request goes on with False, or True as below, and CPU seconds: after these, Overtime is raised
in the cell (its "type"), and what it had defined stays.

A further part True, of "cell", "probe" and "replay", asks for the words of errors: the reply then has
"words": {"error", "function", "line", "cell", "source", "printed"}, as far as there are any. Only
who runs their own work asks; a judge reads no text that a worker wrote while a probe ran.
A request that cannot be carried out is answered {"failure": ...}.
"""
