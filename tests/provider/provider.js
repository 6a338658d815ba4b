// The npm package oidc-provider with accounts in memory, on a private port of the loopback.
//
// node provider.js: writes its issuer on a line of its own once it listens, and ends with its
// standard input. Whoever logs in is who they say: the name is the subject, NAME@example.com the address.

import { createServer } from "node:http";
import { once } from "node:events";
import { Provider } from "oidc-provider";

// The server under test has a port that nobody knows yet: of a native application any port of the loopback will do.
const redirects = ["http://127.0.0.1/", "http://127.0.0.1/capture/signin/callback"];

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "wayfare",
      client_secret: "a secret of the client, long enough",
      application_type: "native",
      redirect_uris: redirects,
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  pkce: { required: () => true },
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name", "given_name", "family_name", "preferred_username"],
  },
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, sub) {
    return {
      accountId: sub,
      async claims() {
        return {
          sub,
          name: `${sub} Example`,
          given_name: sub,
          family_name: "Example",
          preferred_username: sub,
          email: `${sub}@example.com`,
          email_verified: true,
        };
      },
    };
  },
});
provider.on("server_error", (_, error) => console.error(error));

/** The page of the provider: a name, or none. */
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "consent") {
    // Of a native application it asks in any case: whoever logs in agrees.
    const grant = grantId ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid email profile");
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
    return;
  }
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>Provider</title><h1>Log in at the provider</h1>
      <form method="post"><input name="login" autofocus><button name="do" value="in">Log in</button>
      <button name="do" value="back" id="back">Cancel</button></form>`);
    return;
  }
  let body = "";
  for await (const part of request) body += part;
  const form = new URLSearchParams(body);
  const result = form.get("do") === "back"
    ? { error: "access_denied", error_description: "the person turned back" }
    : { login: { accountId: form.get("login") } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const callback = provider.callback();
server.on("request", (request, response) => {
  if (!request.url.startsWith("/interaction/")) return callback(request, response);
  return interact(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end();
  });
});
console.log(issuer);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
