// What applications do with the published journey client. It begins with discovery, keeps the journey in
// the token alone, and takes an answer for a success where it names an address.

import { callbackType, journey } from "@forgerock/journey-client";
import { equal, holds } from "./check.js";

async function client(env) {
  // Discovery belongs to OAuth, which this server does not serve; the test's own origin answers it.
  const wellknown = `${env.stage}/am/oauth2/realms/root/realms/alpha/.well-known/openid-configuration`;
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
