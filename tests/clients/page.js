// Runs one scenario in a browser: `page.html?scenario=…&server=…`, from an origin of the test's own.
//
// The outcome is the text of the page. A scenario that leaves the page goes on where it comes back.

const query = new URLSearchParams(location.search);
const memory = "client-test";
const name = query.get("scenario") ?? JSON.parse(sessionStorage.getItem(memory)).name;
const server = query.get("server") ?? JSON.parse(sessionStorage.getItem(memory)).server;
sessionStorage.setItem(memory, JSON.stringify({ name, server }));

const sent = [];
const send = window.fetch.bind(window);
window.fetch = (input, init = {}) => {
  const whole = input instanceof Request ? input : undefined;
  sent.push({
    url: new URL(whole?.url ?? input, location.href),
    method: init.method ?? whole?.method ?? "GET",
    headers: Object.fromEntries(new Headers(init.headers ?? whole?.headers)),
    body: init.body,
  });
  return send(input, init);
};

function end(text) {
  document.body.textContent = text;
  document.body.id = "over";
}

try {
  const scenarios = { ...(await import("./scenarios.js")), ...(await import("./devices.js")) };
  const env = { server, stage: location.origin, sent, href: location.href };
  const scenario = query.has("scenario") ? scenarios[name] : scenarios[name].back;
  const result = await scenario(env);
  scenarios.headersAreThose(sent);
  if (result !== "away") end("done");
} catch (error) {
  end(`failed: ${error.stack ?? error}`);
}
