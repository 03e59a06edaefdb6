"""The far side of the wall: what runs untrusted submissions.

A request is a list, its reply a plain value of `protocol`:

    ["cell", id, source]             {"ok": bool, "output": str, "error": None | {"type", "line", "cell"}}
    ["checks", filename, text]       None; a fourth part, the text compiled, marshalled and in base64,
                                     saves each worker that work
    ["probe", name, seed]            {"arrays": {name: ndarray}} or {"failure": {"kind": ..., ...}}
    ["replay", name, seed, held_out, arrays]   float, asked of the solution's worker alone

A request that cannot be carried out is answered {"failure": ...} as well.
"""
