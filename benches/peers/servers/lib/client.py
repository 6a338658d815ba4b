"""Logs in so often over a few connections, asserts every login, and says what processor time a server took.

Sixteen connections go in step: each sends its request, then each reads its answer, so that the server is
never without work and none waits for a reply that the client has not asked for yet. What is counted is
the processor time of the server and its children, from /proc/PID/stat; the client is on another core.
"""

import argparse
import itertools
import json
import os
import pathlib
import socket
import sys
import time
import urllib.parse

CONNECTIONS = 16
USER, PASSWORD = "demo", "Ch4ng31t"
# Those of wayfare log in one after another.
USERS = itertools.cycle(f"user{at}" for at in range(1000))


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def post(path, body, headers=()):
    """The bytes of a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def post_json(path, value, headers=()):
    return post(path, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])


class Connection:
    def __init__(self, port):
        self.port, self.socket, self.left = port, None, b""
        self.open()

    def open(self):
        if self.socket:
            self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, request):
        self.socket.sendall(request)

    def more(self):
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the server closed the connection")
        self.left += got

    def read(self):
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers.setdefault(name.lower(), []).append(value.strip())
        body = b""
        if headers.get("transfer-encoding") == ["chunked"]:
            while True:
                while b"\r\n" not in self.left:
                    self.more()
                size, self.left = self.left.split(b"\r\n", 1)
                size = int(size, 16)
                while len(self.left) < size + 2:
                    self.more()
                body += self.left[:size]
                self.left = self.left[size + 2 :]
                if size == 0:
                    break
        else:
            size = int(headers.get("content-length", ["0"])[0])
            while len(self.left) < size:
                self.more()
            body, self.left = self.left[:size], self.left[size:]
        status = int(first.split(" ", 2)[1])
        if "close" in [value.lower() for value in headers.get("connection", [])]:
            self.open()
        return Reply(status, headers, body)


# One login of each kind: it yields requests, is sent the replies, and asserts the last of them.

AUTHENTICATE = "/am/json/realms/root/realms/alpha/authenticate"
WIRE = [("Accept-API-Version", "resource=2.1, protocol=1.0")]


def wayfare_zero_page():
    named = [("X-OpenAM-Username", next(USERS)), ("X-OpenAM-Password", PASSWORD)]
    reply = yield post_json(AUTHENTICATE, {}, [*WIRE, *named])
    assert reply.status == 200 and reply.json()["tokenId"], reply.body


def wayfare():
    reply = yield post_json(AUTHENTICATE, {}, WIRE)
    for answer in (next(USERS), PASSWORD):
        assert reply.status == 200, reply.body
        step = reply.json()
        step["callbacks"][0]["input"][0]["value"] = answer
        reply = yield post_json(AUTHENTICATE, step, WIRE)
    assert reply.status == 200 and reply.json()["tokenId"], reply.body


def hello():
    for _ in range(3):
        reply = yield post_json("/", {"authId": "x" * 600, "callbacks": []}, WIRE)
        assert reply.status == 200 and reply.json()["callbacks"], reply.body


def xstate():
    reply = yield post_json("/begin", {})
    for answer in (USER, PASSWORD):
        assert reply.status == 200, reply.body
        reply = yield post_json("/answer", {"snapshot": reply.json(), "answer": answer})
    assert reply.status == 200 and reply.json()["value"] == "success", reply.body


def better_auth():
    answer = {"email": "demo@example.com", "password": PASSWORD}
    reply = yield post_json("/api/auth/sign-in/email", answer)
    assert reply.status == 200 and reply.json()["token"], reply.body


def django_allauth():
    answer = {"username": USER, "password": PASSWORD}
    reply = yield post_json("/_allauth/app/v1/auth/login", answer)
    assert reply.status == 200 and reply.json()["meta"]["session_token"], reply.body


def lemonldap():
    form = urllib.parse.urlencode({"user": "dwho", "password": "dwho"}).encode()
    kind = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    reply = yield post("/", form, kind)
    cookies = " ".join(reply.headers.get("set-cookie", []))
    assert reply.status == 200 and "lemonldap=" in cookies, (reply.status, reply.body[:300])
    assert reply.json()["result"] == 1, reply.body


KINDS = {
    "wayfare": wayfare,
    "wayfare-zero-page": wayfare_zero_page,
    "hello": hello,
    "xstate": xstate,
    "better-auth": better_auth,
    "django-allauth": django_allauth,
    "lemonldap": lemonldap,
}


def run(connections, kind, count):
    """So many logins, all connections in step."""
    done = 0
    while done < count:
        here = connections[: count - done]
        flows = [kind() for _ in here]
        requests = [next(flow) for flow in flows]
        while requests:
            for connection, request in zip(here, requests):
                connection.send(request)
            replies = [connection.read() for connection in here]
            requests = []
            for flow, reply in zip(flows, replies):
                try:
                    requests.append(flow.send(reply))
                except StopIteration:
                    done += 1
            assert len(requests) in (0, len(here)), "logins that are not alike"


def processes(pid):
    """The process and all below it."""
    found = [pid]
    for at in found:
        for task in pathlib.Path(f"/proc/{at}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def seconds(pid):
    """User and system time, with that of children that have ended."""
    ticks = 0
    for one in processes(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def kept(pid):
    """Megabytes that stay in memory."""
    pages = 0
    for one in processes(pid):
        pages += int(pathlib.Path(f"/proc/{one}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def listening(port):
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("client.py: nothing listens after a minute")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--kind", required=True, choices=KINDS)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--pid", type=int, required=True)
    words.add_argument("--logins", type=int, required=True)
    words.add_argument("--version", required=True)
    words = words.parse_args()
    listening(words.port)
    connections = [Connection(words.port) for _ in range(CONNECTIONS)]
    kind = KINDS[words.kind]
    run(connections, kind, max(CONNECTIONS, words.logins // 10))
    before = seconds(words.pid)
    run(connections, kind, words.logins)
    spent = seconds(words.pid) - before
    each = spent * 1e6 / words.logins
    print(
        f"server {words.kind} version {words.version} logins {words.logins} "
        f"cpu_us {each:.1f} rss_mb {kept(words.pid):.1f}"
    )


main()
