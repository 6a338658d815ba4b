// What applications do with the published JavaScript SDK.
//
// The same scenarios run in Node and in a browser. A scenario is given { server, stage, sent, href }:
// where the server is, where the test's own origin is, the requests that were sent so far, and the address
// at which an application finds itself again after it was sent away.

import {
  CallbackType,
  Config,
  FRAuth,
  FRUser,
  HttpClient,
  SessionManager,
  StepType,
  TokenManager,
  UserManager,
} from "@forgerock/javascript-sdk";
import { equal, holds } from "./check.js";

const REALM = "realms/root/realms/alpha";

/** What an application calls once, before anything else. */
export function configure(env, more = {}) {
  Config.set({
    clientId: "application",
    redirectUri: `${env.stage}/callback`,
    scope: "openid",
    realmPath: "alpha",
    serverConfig: { baseUrl: `${env.server}/am/`, timeout: 30000 },
    tree: "Login",
    ...more,
  });
}

function credentials(step, username = "demo", password = "Ch4ng31t") {
  equal(step.type, StepType.Step, "a step");
  step.getCallbackOfType(CallbackType.NameCallback).setName(username);
  step.getCallbackOfType(CallbackType.PasswordCallback).setPassword(password);
  return step;
}

async function logIn(options) {
  return FRAuth.next(credentials(await FRAuth.start(options)), options);
}

/** Asks the server about the session that the browser has. */
async function session(env, action) {
  const response = await fetch(`${env.server}/am/json/${REALM}/sessions/?_action=${action}`, {
    method: "POST",
    credentials: "include",
    headers: { "Accept-API-Version": "protocol=1.0,resource=4.0", "X-Requested-With": "application" },
  });
  return { status: response.status, body: await response.json() };
}

/** Has the test do something that the outside world would do. */
async function stage(env, path) {
  const response = await fetch(`${env.stage}/stage/${path}`, { method: "POST" });
  equal(response.status, 200, path);
  return response.json();
}

function success(step) {
  equal(step.type, StepType.LoginSuccess, `success, not ${JSON.stringify(step.payload)}`);
  return step;
}

export async function logsIn(env) {
  configure(env);
  const first = await FRAuth.start();
  equal(first.getStage(), "UsernamePassword", "stage");
  equal(first.getCallbackOfType(CallbackType.NameCallback).getPrompt(), "User Name", "prompt");
  const done = success(await FRAuth.next(credentials(first)));
  holds(done.getSessionToken(), "a token");
  equal([done.getRealm(), done.getSuccessUrl()], ["/alpha", "/am/console"], "realm and address");
  equal((await session(env, "validate")).body.valid, true, "valid");
  equal((await session(env, "getSessionInfo")).body.username, "demo", "username");
  return { token: done.getSessionToken() };
}

export async function failsAndTriesAgain(env) {
  configure(env);
  const failed = await FRAuth.next(credentials(await FRAuth.start(), "demo", "wrong"));
  equal(failed.type, StepType.LoginFailure, "failure");
  equal([failed.getCode(), failed.getReason(), failed.getMessage()], [401, "Unauthorized", "Login failure"], "words");
  equal(failed.getProcessedMessage().length, 0, "no policies");
  equal((await session(env, "validate")).body.valid, false, "no session");
  // A used step is told from a wrong password by its number.
  const step = credentials(await FRAuth.start());
  success(await FRAuth.next(step));
  const again = await FRAuth.next(step);
  equal([again.getCode(), again.getDetail().errorCode], [401, "110"], "used");
  const unknown = await FRAuth.start({ tree: "Nope" });
  equal([unknown.getCode(), unknown.getMessage()], [400, "No Configuration found"], "unknown journey");
}

export async function chooses(env) {
  configure(env, { tree: "Steps" });
  const step = await logIn();
  const choice = step.getCallbackOfType(CallbackType.ChoiceCallback);
  equal([choice.getPrompt(), choice.getChoices(), choice.getDefaultChoice()], ["Where to?", ["Home", "Work"], 0], "choice");
  choice.setChoiceValue("Home");
  success(await FRAuth.next(step));
}

export async function polls(env) {
  configure(env, { tree: "Steps" });
  const step = await logIn();
  step.getCallbackOfType(CallbackType.ChoiceCallback).setChoiceIndex(1);
  let wait = await FRAuth.next(step);
  const poll = wait.getCallbackOfType(CallbackType.PollingWaitCallback);
  equal([poll.getMessage(), poll.getWaitTime()], ["One moment", 3000], "wait");
  // The button that leaves is there, untouched.
  equal(wait.getCallbackOfType(CallbackType.ConfirmationCallback).getOptions(), ["Leave"], "button");
  await stage(env, "advance?ms=3000");
  success(await FRAuth.next(wait));
}

export async function isSentAway(env) {
  configure(env, { tree: "Away" });
  const step = await logIn();
  const redirect = step.getCallbackOfType(CallbackType.RedirectCallback);
  holds(redirect.getRedirectUrl().startsWith(`${env.stage}/idp?`), "an address elsewhere");
  // Leaves this page; what follows happens at the address it comes back to.
  FRAuth.redirect(step);
  return "away";
}

isSentAway.back = async (env) => {
  configure(env, { tree: "Away" });
  holds(new URL(env.href).searchParams.get("code"), "came back with a code");
  success(await FRAuth.resume(env.href));
  const last = env.sent.at(-1).url.searchParams;
  equal([last.get("authIndexValue"), last.has("code"), last.has("state")], ["Away", true, true], "parameters");
  equal((await session(env, "validate")).body.valid, true, "valid");
};

export async function isSentAwayInVain(env) {
  configure(env, { tree: "Away" });
  FRAuth.redirect(await logIn());
  return "away";
}

isSentAwayInVain.back = async (env) => {
  configure(env, { tree: "Away" });
  // Someone else's answer: the state is not the one of this run.
  const forged = new URL(env.href);
  forged.searchParams.set("state", "forged");
  const failed = await FRAuth.resume(forged.href);
  equal([failed.type, failed.getCode()], [StepType.LoginFailure, 401], "failure");
  equal((await session(env, "validate")).body.valid, false, "no session");
};

export async function signsInElsewhere(env) {
  configure(env, { tree: "Social" });
  const asked = await FRAuth.start();
  const choice = asked.getCallbackOfType(CallbackType.SelectIdPCallback);
  equal(choice.getProviders().map(({ provider }) => provider), ["op", "localAuthentication"], "providers");
  choice.setProvider("op");
  const step = await FRAuth.next(asked);
  const redirect = step.getCallbackOfType(CallbackType.RedirectCallback);
  holds(redirect.getRedirectUrl().includes("code_challenge_method=S256"), "a challenge");
  FRAuth.redirect(step);
  return "away";
}

signsInElsewhere.back = async (env) => {
  configure(env, { tree: "Social" });
  success(await FRAuth.resume(env.href));
  equal((await session(env, "validate")).body.uid, "ada", "who it is");
};

export async function followsALink(env) {
  configure(env, { tree: "Mailed" });
  const waiting = await logIn();
  const text = waiting.getCallbackOfType(CallbackType.SuspendedTextOutputCallback);
  equal([text.getMessage(), text.getMessageType()], ["We sent you a link.", "0"], "what is shown meanwhile");
  const [mail] = await stage(env, "mail");
  const link = mail.match(/Follow (\S+) now/)[1];
  // The journey's name stands in the link, so the application need not know it.
  configure(env, { tree: undefined });
  success(await FRAuth.resume(link));
  const last = env.sent.at(-1).url.searchParams;
  equal([last.has("suspendedId"), last.get("authIndexValue")], [true, "Mailed"], "parameters");
  const again = await FRAuth.resume(link);
  equal(again.type, StepType.LoginFailure, "a link leads on once");
}

export async function wantsNoSession(env) {
  configure(env);
  const options = { query: { noSession: true } };
  const done = success(await FRAuth.next(credentials(await FRAuth.start()), options));
  equal(done.getSessionToken(), undefined, "no token");
  holds(done.getSuccessUrl(), "an address");
  success(await logIn(options));
  equal((await session(env, "validate")).body.valid, false, "no session");
}

export async function logsOut(env) {
  configure(env);
  success(await logIn());
  equal((await session(env, "validate")).body.valid, true, "valid");
  equal((await SessionManager.logout()).status, 200, "logged out");
  const { pathname, search } = env.sent.at(-1).url;
  equal(pathname + search, `/am/json/${REALM}/sessions/?_action=logout`, "a slash before the question mark");
  equal((await session(env, "validate")).body.valid, false, "gone");
  equal((await session(env, "getSessionInfo")).status, 401, "told nothing");
  // Once more: the SDK takes any answer from 200 to 499 but fetch errors.
  await SessionManager.logout();
  // As discovery spells it: no slash.
  success(await logIn());
  const paths = { authenticate: "json/alpha/authenticate", sessions: "json/alpha/sessions" };
  configure(env, { serverConfig: { baseUrl: `${env.server}/am/`, timeout: 30000, paths } });
  equal((await SessionManager.logout()).status, 200, "logged out");
  equal((await session(env, "validate")).body.valid, false, "gone");
  // With tokens of OAuth, which are not there: what cannot be revoked is only logged.
  configure(env);
  success(await logIn());
  await FRUser.logout({ redirect: false });
  equal((await session(env, "validate")).body.valid, false, "gone");
}

/** What a token shows of the user; 401 where it is none. */
async function userinfo(env, token) {
  const response = await fetch(`${env.server}/am/oauth2/${REALM}/userinfo`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return response.status;
}

/** The SDK asks for a code in a frame, so this is for browsers. */
export async function getsTokens(env) {
  configure(env, { clientId: "demo-app", scope: "openid profile email" });
  success(await logIn());
  const tokens = await TokenManager.getTokens({ forceRenew: true });
  holds(tokens.accessToken && tokens.idToken && tokens.refreshToken, "tokens");
  equal(await userinfo(env, tokens.accessToken), 200, "a good token");
  const user = await UserManager.getCurrentUser();
  equal([user.preferred_username, user.email], ["demo", "demo@example.com"], "the user");
  const claims = JSON.parse(atob(tokens.idToken.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  equal([claims.sub, claims.aud, claims.amr], [user.sub, "demo-app", ["pwd"]], "the same user");
  // Again: those of before are revoked, the session is still there.
  const more = await TokenManager.getTokens({ forceRenew: true });
  equal(await userinfo(env, tokens.accessToken), 401, "revoked");
  equal(await userinfo(env, more.accessToken), 200, "another");
  await FRUser.logout({ redirect: false });
  equal((await session(env, "validate")).body.valid, false, "the session is gone");
  equal(await userinfo(env, more.accessToken), 401, "and so are its tokens");
  const paths = env.sent.map(({ url }) => url.pathname.split("/").slice(-2).join("/"));
  for (const path of ["connect/endSession", "token/revoke"]) holds(paths.includes(path), path);
  equal(await TokenManager.getTokens().then(() => "tokens", () => "none"), "none", "nobody is logged in");
}

/** Everything from discovery, as apps of tenants are configured. */
export async function discovers(env) {
  const wellknown = `${env.server}/am/oauth2/alpha/.well-known/openid-configuration`;
  await Config.setAsync({
    clientId: "demo-app",
    redirectUri: `${env.stage}/callback`,
    scope: "openid",
    tree: "Login",
    serverConfig: { wellknown, timeout: 30000 },
  });
  success(await logIn());
  const tokens = await TokenManager.getTokens({ forceRenew: true });
  holds(tokens.accessToken, "a token");
  await FRUser.logout({ redirect: false });
  equal(await userinfo(env, tokens.accessToken), 401, "gone");
}

export async function findsItsSessionGone(env) {
  configure(env);
  success(await logIn());
  await stage(env, "advance?ms=86400000");
  equal((await session(env, "validate")).body.valid, false, "gone");
  equal((await session(env, "getSessionInfo")).status, 401, "told nothing");
  // A token that means nothing any more does not keep anyone from logging in.
  success(await logIn());
  equal((await session(env, "validate")).body.valid, true, "valid");
}

/** An advice as the field spells it. */
function composite(name, ...values) {
  const list = values.map((value) => `<Value>${value}</Value>`).join("");
  return `<Advices><AttributeValuePair><Attribute name="${name}"/>${list}</AttributeValuePair></Advices>`;
}

function byAdvice(authIndexValue) {
  return { tree: undefined, query: { authIndexType: "composite_advice", authIndexValue } };
}

export async function choosesFromTheMenu(env) {
  configure(env);
  const before = success(await logIn());
  const menu = await FRAuth.start(byAdvice(composite("AuthLevelConditionAdvice", "20")));
  const choice = menu.getCallbackOfType(CallbackType.ChoiceCallback);
  equal([choice.getPrompt(), choice.getChoices()], ["Authentication Menu", ["StepUp", "StrongerStepUp"]], "menu");
  choice.setChoiceValue("StrongerStepUp");
  // The menu leads on by its token alone.
  const step = await FRAuth.next(menu, { tree: undefined });
  const done = success(await FRAuth.next(credentials(step), { tree: undefined }));
  holds(done.getSessionToken() !== before.getSessionToken(), "another token");
  equal((await session(env, "getSessionInfo")).body.properties.AuthLevel, "30", "level");
}

export async function startsTheOnlyCandidate(env) {
  configure(env);
  success(await logIn());
  const advice = composite("AuthenticateToServiceConditionAdvice", "/alpha:StepUp");
  // The same query on every step must not begin again.
  const options = byAdvice(advice);
  success(await FRAuth.next(credentials(await FRAuth.start(options)), options));
  equal((await session(env, "getSessionInfo")).body.properties.AuthLevel, "20", "level");
  const none = await FRAuth.start(byAdvice(composite("AuthenticateToServiceConditionAdvice", "Nope")));
  equal([none.getCode(), none.getMessage()], [400, "No Configuration found"], "no candidate");
  const loud = await FRAuth.start(byAdvice("<Advices><!DOCTYPE x></Advices>"));
  equal(loud.getCode(), 400, "no advice");
}

/** Asks for what is protected, and steps up where that is wanted. */
async function fetchProtected(env, path) {
  const steps = [];
  const handleStep = async (step) => {
    steps.push(step.callbacks.map((callback) => callback.getType()));
    return credentials(step);
  };
  const response = await HttpClient.request({
    url: `${env.stage}/protected/${path}`,
    init: { method: "GET", credentials: "include" },
    requiresNewToken: () => false,
    authorization: { config: {}, handleStep },
    timeout: 30000,
  });
  return { status: response.status, body: await response.json(), steps };
}

export async function stepsUpForAService(env) {
  configure(env);
  success(await logIn());
  const got = await fetchProtected(env, "vault");
  equal([got.status, got.body], [200, { here: "vault" }], "let in");
  equal(got.steps, [["NameCallback", "PasswordCallback"]], "one step");
  const again = env.sent.at(-1);
  holds(again.headers["x-tree"].endsWith("StepUp"), "the resource is told which journey it was");
  // From now on without asking. (With a handler for steps, this client throws where none is wanted.)
  const more = await fetch(`${env.stage}/protected/vault`, { credentials: "include" });
  equal([more.status, await more.json()], [200, { here: "vault" }], "let in");
}

export async function confirmsATransaction(env) {
  configure(env);
  success(await logIn());
  const got = await fetchProtected(env, "transfer");
  equal([got.status, got.body], [200, { here: "transfer" }], "let in");
  holds(env.sent.at(-1).headers["x-txid"], "the resource is told which transaction it was");
  equal(got.steps.length, 1, "one step");
  // Confirmed for one time: with the same id it is denied, and the next one has to be confirmed as well.
  const headers = { "X-TxID": env.sent.at(-1).headers["x-txid"] };
  const replayed = await fetch(`${env.stage}/protected/transfer`, { credentials: "include", headers });
  equal(replayed.status, 401, "used");
  const more = await fetchProtected(env, "transfer");
  equal([more.status, more.steps.length], [200, 1], "asked again");
}

/** Whether every request carried what the SDK is known to send. */
export function headersAreThose(sent) {
  // A step that HttpClient fetched itself goes back as it came.
  let own = true;
  for (const { url, method, headers, body } of sent) {
    if (!url.pathname.endsWith("/authenticate")) continue;
    equal(method, "POST", url.pathname);
    const advice = url.searchParams.get("authIndexType") === "composite_advice" && !headers["content-type"];
    if (advice) {
      equal(headers["accept-api-version"], "resource=2.0, protocol=1.0", "of HttpClient");
      own = false;
      continue;
    }
    equal(headers.accept, "application/json", "accept");
    equal(headers["accept-api-version"], "protocol=1.0,resource=2.1", "version");
    equal(headers["content-type"], "application/json", "content type, also without a body");
    equal(headers["x-requested-with"], "forgerock-sdk", "requested with");
    if (!body) continue;
    const step = JSON.parse(body);
    if (step.authId && step.callbacks) equal([step.status, step.ok], own ? [200, true] : [undefined, undefined], "members of the SDK's own");
    own = true;
  }
}
