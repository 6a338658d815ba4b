// What applications do with the published journey client. It begins with discovery, keeps the journey in
// the token alone, and takes an answer for a success where it names an address.

import { callbackType, journey } from "@forgerock/journey-client";
import { oidc } from "@forgerock/oidc-client";
import { equal, holds } from "./check.js";

function wellknownOf(env, realm = "realms/root/realms/alpha") {
  return `${env.server}/am/oauth2/${realm}/.well-known/openid-configuration`;
}

async function client(env, wellknown = wellknownOf(env)) {
  return journey({ config: { serverConfig: { wellknown } } });
}

function credentials(step, password = "Ch4ng31t") {
  equal(step.type, "Step", `a step, not ${JSON.stringify(step)}`);
  step.getCallbackOfType(callbackType.NameCallback).setName("demo");
  step.getCallbackOfType(callbackType.PasswordCallback).setPassword(password);
  return step;
}

function success(step) {
  equal(step.type, "LoginSuccess", `success, not ${JSON.stringify(step)}`);
  return step;
}

export async function journeyClientLogsInAndOut(env) {
  const app = await client(env);
  const failed = await app.next(credentials(await app.start({ journey: "Login" }), "wrong"));
  equal([failed.type, failed.payload.message], ["LoginFailure", "Login failure"], "failure");
  const done = success(await app.next(credentials(await app.start({ journey: "Login" }))));
  holds(done.getSessionToken(), "a token");
  const steps = env.sent.filter(({ body }) => body);
  holds(steps.every(({ url }) => !url.search), "no index after the start");
  equal(await app.terminate(), undefined, "logged out");
  const last = env.sent.at(-1);
  equal(last.url.pathname, "/am/json/realms/root/realms/alpha/sessions/", "path");
  equal(last.headers["accept-api-version"], "protocol=1.0,resource=2.1", "version");
}

export async function journeyClientWantsNoSession(env) {
  const app = await client(env);
  const query = { noSession: "true" };
  const done = success(await app.next(credentials(await app.start({ journey: "Login" })), { query }));
  equal(done.getSessionToken(), undefined, "no token");
}

export async function journeyClientChoosesAndPolls(env) {
  const app = await client(env);
  const step = await app.next(credentials(await app.start({ journey: "Steps" })));
  step.getCallbackOfType(callbackType.ChoiceCallback).setChoiceIndex(1);
  const wait = await app.next(step);
  equal(wait.getCallbackOfType(callbackType.PollingWaitCallback).getWaitTime(), 3000, "wait");
  await fetch(`${env.stage}/stage/advance?ms=3000`, { method: "POST" });
  success(await app.next(wait));
}

export async function journeyClientIsSentAway(env) {
  const app = await client(env);
  await app.redirect(await app.next(credentials(await app.start({ journey: "Away" }))));
  return "away";
}

journeyClientIsSentAway.back = async (env) => {
  const app = await client(env);
  success(await app.resume(env.href));
  equal(env.sent.at(-1).url.searchParams.has("authIndexValue"), false, "no index on the way back");
};

export async function journeyClientSignsInElsewhere(env) {
  const app = await client(env);
  const asked = await app.start({ journey: "Social" });
  asked.getCallbackOfType(callbackType.SelectIdPCallback).setProvider("op");
  await app.redirect(await app.next(asked));
  return "away";
}

journeyClientSignsInElsewhere.back = async (env) => {
  const app = await client(env);
  success(await app.resume(env.href));
};

// The client for tokens that goes with it. It asks for a code in a frame or by an address; Node has no frames.
export async function journeyClientGetsTokens(env) {
  const app = await client(env, wellknownOf(env, "alpha"));
  success(await app.next(credentials(await app.start({ journey: "Login" }))));
  const redirectUri = `${env.stage}/callback`;
  const config = { serverConfig: { wellknown: wellknownOf(env) }, clientId: "demo-app", redirectUri, scope: "openid email" };
  const tokens = await oidc({ config });
  const address = await tokens.authorize.url();
  const away = await fetch(address, { redirect: "manual" });
  const back = new URL(away.headers.get("location"));
  equal(back.origin + back.pathname, redirectUri, "sent back");
  equal(back.searchParams.get("iss"), `${env.server}/am/oauth2/realms/root/realms/alpha`, "who answers");
  const state = back.searchParams.get("state");
  const got = await tokens.token.exchange(back.searchParams.get("code"), state);
  holds(got.accessToken && got.idToken, `tokens, not ${JSON.stringify(got)}`);
  const user = await tokens.user.info();
  equal(user.email, "demo@example.com", `the user, not ${JSON.stringify(user)}`);
  const out = await tokens.user.logout();
  equal(out.error, undefined, `logged out, not ${JSON.stringify(out)}`);
  const headers = { Authorization: `Bearer ${got.accessToken}` };
  const gone = await fetch(`${env.server}/am/oauth2/alpha/userinfo`, { headers });
  equal(gone.status, 401, "the token is gone");
}
