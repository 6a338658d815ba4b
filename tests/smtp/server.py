"""A mail server on a port of the loopback, for tests: aiosmtpd, and what it was sent as lines of JSON.

Arguments: how it behaves (plain, starttls, tls, refuse, slow) and a folder for its certificates. The first
line tells its port; then one line for each mail, parsed by Python. It ends when its input does.
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

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return "550 nobody of this name"
        if self.mode == "slow":
            await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell(
            {
                "envelope": {"from": envelope.mail_from, "to": envelope.rcpt_tos},
                "from": str(mail["From"]),
                "to": str(mail["To"]),
                "subject": str(mail["Subject"]),
                "date": int(mail["Date"].datetime.timestamp()),
                "type": mail.get_content_type(),
                "body": mail.get_content(),
                "tls": server.transport.get_extra_info("sslcontext") is not None,
                "login": bool(session.authenticated),
            }
        )
        return "250 OK"


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
    server = await loop.create_server(
        lambda: SMTP(handler, **settings), "127.0.0.1", 0, ssl=wrapped
    )
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(main(*sys.argv[1:]))
