"""The service at its official address, for a process that has a proxy and an authority of its own.

The address is fixed in the program, so nothing but the network around a process can lead it to a
server of a test: `HTTPS_PROXY` names a proxy that takes every connection there, and `SSL_CERT_FILE`
the authority of the certificate that this one shows for the official name.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from flowdsl.cyberdesk.trust import OFFICIAL_HOST
from tests.support.services.served import Server, serving


@contextmanager
def officially(server: Server, folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables of a process to which `server` is the official service.

    Files of certificates go into `folder`.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    certificate = folder / "certificate.pem"
    authority.issue_cert(OFFICIAL_HOST).private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    with serving(server, certificate), _proxy(urlsplit(server.url).port or 0) as address:
        yield {"HTTPS_PROXY": address, "SSL_CERT_FILE": str(folder / "authority.pem")}


@contextmanager
def _proxy(target: int) -> Iterator[str]:
    """A proxy that leads connections to the official host to the port `target` of loopback."""
    opened: list[socket.socket] = []

    def copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side is gone

    def tunnel(near: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            got = near.recv(4_096)
            if not got:
                return
            head += got
        if not head.startswith(f"CONNECT {OFFICIAL_HOST}:443 ".encode()):
            near.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        far = socket.create_connection(("127.0.0.1", target))
        opened.append(far)
        near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=copy, args=(far, near), daemon=True).start()
        copy(near, far)

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            opened.append(near)
            threading.Thread(target=tunnel, args=(near,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        taking = threading.Thread(target=accept)
        taking.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            taking.join()
            for each in opened:
                each.close()
