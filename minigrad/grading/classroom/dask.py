"""Grading on a Dask cluster: an executor from a scheduler's address, with TLS beyond this machine.

Every worker machine needs the same minigrad, the course's folder at the same path, readable, and a
sandbox of its own (Linux). Salts and submissions travel to the workers, so the way must be private.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minigrad.grading.judge.seeds import source_digest
from minigrad.grading.model import GradingError

TLS = ("ca", "cert", "key")  # files in the folder of --tls: ca.pem, cert.pem, key.pem


@contextmanager
def dask(address: str, tls: Path | None = None) -> Iterator[tuple[Executor, int]]:
    """An executor on the cluster whose scheduler is at `address`, such as tcp://127.0.0.1:8786, and
    how many submissions it can grade at a time.

    Beyond loopback the address must be tls://, and `tls` a folder with ca.pem, cert.pem and key.pem;
    the key must be readable by its owner alone. Raises GradingError with the remedy.
    """
    try:
        from distributed import Client
    except ImportError:
        raise GradingError("Dask is not installed: pip install 'minigrad[cluster]'") from None
    security = _security(address, tls)
    try:
        client = Client(address, security=security, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise GradingError(f"no Dask scheduler answers at {address}: {error}") from None
    try:
        workers = client.scheduler_info()["workers"]
        if not workers:
            raise GradingError(f"the scheduler at {address} has no workers: start some with `dask worker`")
        ours = source_digest()
        if others := [name for name, theirs in client.run(source_digest).items() if theirs != ours]:
            raise GradingError(
                f"{', '.join(others)} have another minigrad: install this one there and start them again"
            )
        # pure=False: Dask must not reuse a result for equal arguments; a retry has to run again
        yield client.get_executor(pure=False), sum(w["nthreads"] for w in workers.values())
    finally:
        client.close()


def local(address: str) -> bool:
    """Whether an address stays on this machine."""
    host = address.partition("://")[2].rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _security(address: str, tls: Path | None) -> Any:
    """Dask's TLS settings, or None for plain TCP on this machine."""
    from distributed.security import Security

    if tls is None:
        if local(address):
            return None
        raise GradingError(
            f"{address} is another machine: salts and submissions would travel there in the open. "
            "Use a tls:// address with --tls FOLDER, which holds ca.pem, cert.pem and key.pem"
        )
    if not address.startswith("tls://"):
        raise GradingError(f"{address} is no tls:// address, but --tls is given: use tls://HOST:PORT")
    files = {name: tls / f"{name}.pem" for name in TLS}
    for path in files.values():
        if not path.is_file():
            raise GradingError(f"{path} is missing: --tls FOLDER must hold ca.pem, cert.pem and key.pem")
    if os.name == "posix" and files["key"].stat().st_mode & 0o077:
        raise GradingError(f"others can read {files['key']}: chmod 600 it, and make a new key if they did")
    return Security(
        tls_ca_file=str(files["ca"]),
        tls_client_cert=str(files["cert"]),
        tls_client_key=str(files["key"]),
        require_encryption=True,
    )
