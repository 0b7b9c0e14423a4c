"""A proxy on loopback that counts the HTTP requests on their way to a server.

It passes on what has a `Content-Length`, as requests of SQS clients do.
"""

import re
import socket
import threading
from urllib.parse import urlsplit


class CountingProxy:
    def __init__(self, endpoint):
        target = urlsplit(endpoint)
        self.target = (target.hostname, target.port)
        self.lock, self.requests, self.sockets = threading.Lock(), 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def count(self):
        with self.lock:
            return self.requests

    def close(self):
        self.listener.close()
        with self.lock:
            for stream in self.sockets:
                stream.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for stream in (client, server):
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.sockets += (client, server)
            threading.Thread(target=self.forward, args=(client, server), daemon=True).start()
            threading.Thread(target=relay, args=(server, client), daemon=True).start()

    def forward(self, client, server):
        """Passes requests on and counts them."""
        # The server answers only what is sent to its own address.
        host = b"\r\nhost: %s:%d" % (self.target[0].encode(), self.target[1])
        pending, body = b"", 0
        while data := receive(client):
            pending += data
            while pending:
                if body:
                    taken = min(body, len(pending))
                    send(server, pending[:taken])
                    pending, body = pending[taken:], body - taken
                    continue
                head, found, rest = pending.partition(b"\r\n\r\n")
                if not found:
                    break
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                body, pending = int(length[1]) if length else 0, rest
                send(server, re.sub(rb"(?i)\r\nhost: *[^\r]*", host, head) + found)
                with self.lock:
                    self.requests += 1
        close(server)


def relay(source, sink):
    while data := receive(source):
        send(sink, data)
    close(sink)


def receive(stream):
    try:
        return stream.recv(65536)
    except OSError:
        return b""


def send(stream, data):
    try:
        stream.sendall(data)
    except OSError:
        close(stream)


def close(stream):
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
