"""A mail server on a port of the loopback, for tests: aiosmtpd, and what it was sent as lines of JSON.

Arguments: how it behaves and a folder for its certificates. The first line tells its port; then one line
for each mail, parsed by Python. A line of its input makes it behave otherwise from then on; it ends when
its input does.

plain, starttls, tls: it takes mail. refuse, later: nobody of this name (550, 451). slow: it never answers to
a recipient. full, busy: the message is not taken (552, 452). mute: it says nothing at all. cut: it hangs up
before the end of a message. gone: it takes a message and hangs up without saying so. hold: it takes a
message and says so when its input says go, then tells that the client took leave.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import subprocess
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = b"mailer", b"pass of the mailer"


def tell(what):
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self, mode):
        self.mode = mode
        self.go = asyncio.Event()

    def told(self, word):
        if word == "go":
            self.go.set()
        else:
            self.mode = word

    async def handle_QUIT(self, server, session, envelope):
        if self.mode == "hold":
            tell({"quit": True})
        return "221 Bye"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return "550 nobody of this name"
        if self.mode == "later":
            return "451 not now"
        if self.mode == "slow":
            await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.mode in ("full", "busy"):
            return "552 too much" if self.mode == "full" else "452 too busy"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(
            {
                "envelope": {"from": envelope.mail_from, "to": envelope.rcpt_tos},
                "from": str(mail["From"]),
                "to": str(mail["To"]),
                "subject": str(mail["Subject"]),
                "id": str(mail["Message-ID"]),
                "date": int(mail["Date"].datetime.timestamp()),
                "mime": str(mail["MIME-Version"]),
                "type": mail.get_content_type(),
                "body": mail.get_content(),
                "tls": server.transport.get_extra_info("sslcontext") is not None,
                "login": bool(session.authenticated),
            }
        )
        if self.mode == "gone":
            server.transport.abort()
        if self.mode == "hold":
            await self.go.wait()
        return "250 OK"


class Cut(asyncio.Protocol):
    """Speaks until it is sent a message, and hangs up at the first bytes of it."""

    def connection_made(self, transport):
        self.transport, self.reads = transport, False
        transport.write(b"220 localhost\r\n")

    def data_received(self, data):
        if self.reads:
            self.transport.abort()
        else:
            self.reads = data.upper().startswith(b"DATA")
            self.transport.write(b"354 go on\r\n" if self.reads else b"250 OK\r\n")


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right, handled=right)


def certificates(folder):
    """A certificate for `localhost` by an authority that nobody else knows."""
    at = lambda name: os.path.join(folder, name)
    run = lambda *args: subprocess.run(["openssl", *args], check=True, capture_output=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2",
        "-subj", "/CN=test authority")
    run("req", *key, "-keyout", at("key.pem"), "-out", at("request.pem"), "-subj", "/CN=localhost")
    with open(at("names"), "w") as names:
        names.write("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    run("x509", "-req", "-in", at("request.pem"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"),
        "-CAcreateserial", "-days", "2", "-extfile", at("names"), "-out", at("cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(at("cert.pem"), at("key.pem"))
    return context


async def main(mode, folder):
    handler = Handler(mode)
    wrapped, settings = None, {"hostname": "localhost"}
    if mode in ("starttls", "tls"):
        context = certificates(folder)
        settings |= {"authenticator": authenticate, "auth_required": True}
        if mode == "starttls":
            settings |= {"tls_context": context, "require_starttls": True}
        else:
            wrapped, settings = context, settings | {"auth_require_tls": False}
    loop = asyncio.get_running_loop()
    others = {"mute": asyncio.Protocol, "cut": Cut}
    protocol = lambda: others.get(handler.mode, lambda: SMTP(handler, **settings))()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=wrapped)
    threading.Thread(target=follow_input, args=(loop, handler), daemon=True).start()
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


def follow_input(loop, handler):
    for line in sys.stdin:
        loop.call_soon_threadsafe(handler.told, line.strip())
    os._exit(0)


asyncio.run(main(*sys.argv[1:]))
