"""Checks a token with the keys that a server publishes, as PyJWT does it.

In, on standard input, JSON: `token`, and `jwks` (a document of keys) or `secret` (text), and `alg`, `aud`,
`iss`, `typ`. Out: the claims as JSON. Whatever is wrong ends the program with the name of the error.
"""

import json
import sys

import jwt


def main():
    asked = json.load(sys.stdin)
    token = asked["token"]
    header = jwt.get_unverified_header(token)
    if "typ" in asked and header.get("typ") != asked["typ"]:
        raise SystemExit("the header says typ %r" % header.get("typ"))
    if "jwks" in asked:
        keys = jwt.PyJWKSet.from_dict(asked["jwks"])
        key = keys[header["kid"]].key
    else:
        key = asked["secret"]
    claims = jwt.decode(
        token,
        key,
        algorithms=[asked["alg"]],
        audience=asked.get("aud"),
        issuer=asked.get("iss"),
        options={"require": ["exp", "iat"], "verify_aud": "aud" in asked},
    )
    json.dump(claims, sys.stdout)


try:
    main()
except jwt.PyJWTError as error:
    raise SystemExit(type(error).__name__)
