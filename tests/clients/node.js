// Runs one scenario in Node: `node node.js SCENARIO SERVER STAGE`.
//
// Node has no cookies and no address bar; the little that the SDK needs of a browser is here.

const [name, server, stage] = process.argv.slice(2);

/** Nothing waits longer, whatever happens. */
setTimeout(() => {
  console.error(`${name}: took too long`);
  process.exit(3);
}, 90_000).unref();

class Memory {
  #items = new Map();
  getItem(key) { return this.#items.get(key) ?? null; }
  setItem(key, value) { this.#items.set(key, String(value)); }
  removeItem(key) { this.#items.delete(key); }
}

let away;
globalThis.localStorage = new Memory();
globalThis.sessionStorage = new Memory();
globalThis.location = { assign: (url) => { away = url; } };
globalThis.window ??= globalThis;

const cookies = new Map();
const sent = [];
const send = globalThis.fetch;
globalThis.fetch = async (input, init = {}) => {
  const request = new Request(input, { ...init, credentials: "omit" });
  const body = init.body ?? (request.body ? await request.clone().text() : undefined);
  sent.push({
    url: new URL(request.url),
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body,
  });
  const pairs = [...cookies].map(([key, value]) => `${key}=${value}`).join("; ");
  if (pairs) request.headers.set("cookie", pairs);
  const response = await send(request);
  for (const cookie of response.headers.getSetCookie()) {
    const [pair, ...attributes] = cookie.split(/; ?/);
    const [key, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    if (attributes.includes("Max-Age=0")) cookies.delete(key);
    else cookies.set(key, value);
  }
  return response;
};

const scenarios = { ...(await import("./scenarios.js")), ...(await import("./journey.js")), ...(await import("./devices.js")) };
const env = { server, stage, sent };
const result = await scenarios[name](env);
if (result === "away") {
  // A browser would go there and be sent back.
  const response = await fetch(away, { redirect: "manual" });
  env.href = response.headers.get("location");
  await scenarios[name].back(env);
}
if (!name.startsWith("journeyClient")) scenarios.headersAreThose(sent);
console.log(JSON.stringify({ requests: sent.length, result: result ?? null }));
process.exit(0);
