// The login page: starts a journey, shows each step, sends the answers, ends on the signed-in page.
//
// It keeps nothing but the step at hand. Whatever comes from the server is put into the page as text;
// only a description may hold a few harmless elements, which are copied one by one.

import { wordsFor } from "./words.js";
import { widgetFor } from "./callbacks.js";

/** What the page keeps while it is elsewhere: the step, and what was asked for. */
const STEP = "wayfare-step";
const QUERY = "wayfare-query";
/** What someone who was sent away comes back with. */
const BACK = ["code", "state", "error", "form_post_entry", "responsekey", "RelayState"];
/** Parameters that are good for one request. */
const ONCE = [...BACK, "iss", "session_state", "suspendedId", "scope", "nonce", "errorCode", "errorMessage"];

const root = document.documentElement;
const query = wanted();
const realm = query.get("realm") || root.dataset.realm || "/";
const languages = [query.get("locale"), ...navigator.languages].filter(Boolean);
const say = wordsFor(languages);
const $ = (id) => document.getElementById(id);

root.lang = query.get("locale") || navigator.language || "en";
$("where").textContent = realm === "/" ? "" : realm;

/** What is asked for: the address of the page; on the way back from elsewhere, also that of before. */
function wanted() {
  const now = new URLSearchParams(location.search);
  const before = new URLSearchParams(sessionStorage.getItem(QUERY) ?? "");
  sessionStorage.removeItem(QUERY);
  if (!sessionStorage.getItem(STEP) || !BACK.some((name) => now.has(name))) return now;
  for (const [name, value] of before) if (!now.has(name)) now.append(name, value);
  return now;
}

/** The path of a realm as the protocol spells it. */
function api(endpoint) {
  const parts = realm.split("/").filter(Boolean).map((part) => `/realms/${encodeURIComponent(part)}`);
  return `${root.dataset.base}/json/realms/root${parts.join("")}/${endpoint}`;
}

async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": "application/json",
      "Accept-API-Version": "protocol=1.0,resource=2.1",
      "X-Requested-With": "XMLHttpRequest",
      ...(query.get("locale") ? { "Accept-Language": query.get("locale") } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { /* an answer without JSON is an odd one */ }
  return { status: response.status, retryAfter: response.headers.get("Retry-After"), data };
}

/** The parameters of the page that belong to the request. */
function parameters() {
  const own = new URLSearchParams();
  for (const [name, value] of query) {
    if (name !== "realm" && name !== "service") own.append(name, value);
  }
  if (query.get("service") && !query.get("authIndexType")) {
    own.set("authIndexType", "service");
    own.set("authIndexValue", query.get("service"));
  }
  return own;
}

function authenticateUrl() {
  const own = parameters().toString();
  return api("authenticate") + (own ? `?${own}` : "");
}

let busy = false;

async function send(body) {
  if (busy) return;
  busy = true;
  $("card").setAttribute("aria-busy", "true");
  for (const button of $("form").querySelectorAll("button")) button.disabled = true;
  try {
    take(await post(authenticateUrl(), body), body);
  } catch {
    trouble(say.offline, () => send(body));
  } finally {
    busy = false;
    $("card").setAttribute("aria-busy", "false");
    for (const button of $("form").querySelectorAll("button")) button.disabled = false;
  }
}

/** What an answer of the server leads to. */
function take({ status, retryAfter, data }, sent) {
  if (status === 503) {
    const seconds = Math.min(Math.max(parseInt(retryAfter, 10) || 2, 1), 60);
    status_(say.busy.replace("{n}", seconds));
    setTimeout(() => send(sent), seconds * 1000);
    return undefined;
  }
  // A link, and what someone came back with, were good for this one request.
  const linked = query.has("suspendedId");
  const spent = ONCE.some((name) => query.has(name));
  for (const name of ONCE) query.delete(name);
  if (status === 200 && Array.isArray(data?.callbacks)) return step(data);
  if (status === 200 && data && ("tokenId" in data || "successUrl" in data)) return success(data);
  if (status === 401 && data?.detail?.errorCode === "110") return begin(say.expired);
  if (status === 401) {
    const url = data?.detail?.failureUrl;
    if (url) return go(url);
    if (linked && !sent.authId) return begin(say.link);
    const plain = !data?.message || data.message === "Login failure";
    // A start that is refused would be refused again, and for ever.
    if (!sent.authId && !spent) return trouble(plain ? say.denied : unescape(data.message), () => begin());
    return begin(plain ? say.refused : unescape(data.message));
  }
  if (status === 400 && data?.message === "No Configuration found") return trouble(say.unknown);
  return trouble(data?.message ? unescape(data.message) : say.odd, () => begin());
}

/** Messages of failures come escaped for pages that put them in as HTML. */
function unescape(message) {
  return new DOMParser().parseFromString(message, "text/html").documentElement.textContent;
}

function begin(message) {
  $("alert").textContent = "";
  step.face = undefined;
  begin.message = message;
  // A start sent from within an answer waits until that answer is done with.
  queueMicrotask(() => setTimeout(() => send({})));
}

function status_(text) { $("status").textContent = text; }

function trouble(message, retry) {
  $("alert").textContent = message;
  status_("");
  if (!retry) { $("form").replaceChildren(); return; }
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = say.retry;
  button.addEventListener("click", retry, { once: true });
  if (!$("form").children.length) $("form").append(button);
}

let timer = 0;

function step(data) {
  clearTimeout(timer);
  const form = $("form");
  $("title").textContent = data.header || say.signIn;
  document.title = data.header || say.signIn;
  $("description").replaceChildren(...harmless(data.description || ""));
  status_("");
  // A journey that asks the same again did not take the answer; nothing else in the protocol says so.
  const face = JSON.stringify(data.callbacks.map(({ type, output: shown }) => [type, shown?.find((o) => o.name === "prompt")?.value]));
  const secret = data.callbacks.some(({ type }) => type === "PasswordCallback");
  const again = secret && face === step.face ? say.refused : "";
  step.face = face;
  // Set even where it is the same, so that it is read out again.
  $("alert").textContent = begin.message || again;
  begin.message = undefined;

  const widgets = data.callbacks.map((callback, at) => widgetFor(callback, at, data.callbacks, say));
  form.replaceChildren(...widgets.flatMap((widget) => widget.elements));
  const buttons = document.createElement("div");
  buttons.className = "buttons";
  const choosers = widgets.flatMap((widget) => widget.buttons ?? []);
  buttons.append(...choosers);
  const redirect = data.callbacks.find((callback) => callback.type === "RedirectCallback");
  const waits = widgets.find((widget) => widget.waits !== undefined);
  const suspended = data.callbacks.some((callback) => callback.type === "SuspendedTextOutputCallback");
  const gathers = widgets.map((widget) => widget.gathers).filter(Boolean);
  // A step that only gathers goes on by itself.
  const alone = gathers.length > 0 && !widgets.some((widget) => widget.fill);
  if (!choosers.length && !waits && !suspended && !redirect && !alone) {
    const next = document.createElement("button");
    next.type = "submit";
    next.textContent = data.stage === "UsernamePassword" ? say.signIn : say.next;
    buttons.append(next);
  }
  form.append(buttons);

  const answer = async () => {
    clearTimeout(timer);
    for (const widget of widgets) widget.fill?.();
    await Promise.all(gathers);
    send({ ...data });
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const leaves = widgets.some((widget) => widget.leaves?.());
    const missing = leaves ? [] : widgets.filter((widget) => widget.check && !widget.check());
    if (missing.length) { missing[0].focus?.(); return; }
    answer();
  };
  if (redirect) return follow(redirect, data);
  if (alone) return answer();
  if (waits) timer = setTimeout(answer, waits.waits);
  const found = form.querySelector("input[aria-invalid='true'], input:not([type='hidden']), select, button");
  // Of several choices the one that is chosen has the focus, so that the arrows begin there.
  const first = found?.type === "radio" ? form.querySelector("input[type='radio']:checked") ?? found : found;
  if (form.querySelector("input:not([type='hidden']), select")) {
    const empty = [...form.querySelectorAll("input")]
      .find((i) => !["hidden", "radio", "checkbox"].includes(i.type) && !i.value && !i.closest("[hidden]"));
    (empty || first).focus();
  } else {
    $("title").focus();
  }
  if (suspended) status_(say.proceed);
  return undefined;
}

/** Leaves for another place and remembers the step for the way back. */
function follow(callback, data) {
  const value = (name) => callback.output.find((output) => output.name === name)?.value;
  const url = new URL(value("redirectUrl"), location.href);
  if (!/^https?:$/.test(url.protocol)) return trouble(say.odd);
  sessionStorage.setItem(STEP, JSON.stringify({ authId: data.authId }));
  sessionStorage.setItem(QUERY, query.toString());
  if (value("redirectMethod") !== "POST") return location.assign(url.href);
  const form = document.createElement("form");
  form.method = "post";
  form.action = url.href;
  for (const [name, content] of Object.entries(value("redirectData") ?? {})) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = content;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
  return undefined;
}

function go(url) {
  const target = new URL(url, location.href);
  if (!/^https?:$/.test(target.protocol)) return trouble(say.odd);
  location.assign(target.href);
  return undefined;
}

async function success(data) {
  sessionStorage.removeItem(STEP);
  if (data.successUrl && data.successUrl !== root.dataset.console) return go(data.successUrl);
  if (!("tokenId" in data)) {
    ended(say.noSession);
    return undefined;
  }
  return signedIn(await who());
}

async function who() {
  try {
    const answer = await post(api("users?_action=idFromSession"));
    return answer.status === 200 ? answer.data : null;
  } catch {
    return null;
  }
}

function signedIn(session) {
  $("title").textContent = say.signedIn;
  document.title = say.signedIn;
  $("description").replaceChildren();
  $("alert").textContent = "";
  status_("");
  const list = document.createElement("dl");
  for (const [term, text] of [[say.user, session?.id], [say.realm, session?.realm]]) {
    if (!text) continue;
    const dt = document.createElement("dt");
    dt.textContent = term;
    const dd = document.createElement("dd");
    dd.textContent = text;
    list.append(dt, dd);
  }
  const button = document.createElement("button");
  button.type = "submit";
  button.id = "logout";
  button.textContent = say.logOut;
  $("form").replaceChildren(list, button);
  $("form").onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const answer = await post(api("sessions?_action=logout"));
      if (answer.status !== 200 && answer.status !== 401) throw new Error("not logged out");
      ended(say.loggedOut);
    } catch {
      button.disabled = false;
      $("alert").textContent = say.offline;
    }
  };
  $("card").setAttribute("aria-busy", "false");
  $("title").focus();
}

function ended(message) {
  $("title").textContent = say.signIn;
  document.title = say.signIn;
  $("description").replaceChildren();
  $("alert").textContent = "";
  status_(message);
  const button = document.createElement("button");
  button.type = "submit";
  button.textContent = say.again;
  $("form").replaceChildren(button);
  $("form").onsubmit = (event) => { event.preventDefault(); begin(); };
  button.focus();
}

/** The text and the few elements of a description that cannot do harm. */
function harmless(html) {
  const allowed = new Set(["A", "B", "BR", "EM", "I", "LI", "OL", "P", "SPAN", "STRONG", "UL"]);
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    if (node.tagName === "SCRIPT" || node.tagName === "STYLE") return [];
    const inner = [...node.childNodes].flatMap(copy);
    if (!allowed.has(node.tagName)) return inner;
    const element = document.createElement(node.tagName);
    if (node.tagName === "A") {
      const url = new URL(node.getAttribute("href") || "", location.href);
      if (/^https?:$/.test(url.protocol)) element.href = url.href;
    }
    element.append(...inner);
    return [element];
  };
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes].flatMap(copy);
}

async function main() {
  const stored = sessionStorage.getItem(STEP);
  if (stored && BACK.some((name) => query.has(name))) {
    sessionStorage.removeItem(STEP);
    // What somebody came back with is good once, and stands in no history.
    const rest = new URLSearchParams([...query].filter(([name]) => !ONCE.includes(name))).toString();
    history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : ""));
    return send(JSON.parse(stored));
  }
  // With nothing asked for, someone who is signed in already is told so.
  const asked = ["service", "authIndexType", "suspendedId", "goto", "ForceAuth"].some((name) => query.has(name));
  if (!asked) {
    const session = await who();
    if (session && session.realm === realm) return signedIn(session);
  }
  return send({});
}

main();
