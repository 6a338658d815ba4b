(function (host, map, list) {
'use strict';
const body = (value, headers) => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type')) headers.push(['Content-Type', 'application/json']);
  return JSON.stringify(value);
};
const utf8 = (text) => host.base64({ op: 'encode', data: text });
class Response {
  #said;
  constructor(said) {
    this.#said = said;
    this.status = said.status;
    this.ok = said.status >= 200 && said.status < 300;
    this.statusText = said.cause ?? said.reason;
    const headers = Object.create(null);
    for (const [name, value] of said.headers) (headers[name] ??= []).push(value);
    const find = (key) => headers[key.toLowerCase()] ?? null;
    this.headers = map(Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, list(values)])), (key) => { const found = find(key); return found === null ? null : list(found); });
  }
  text() { return this.#said.body; }
  json() { return JSON.parse(this.#said.body); }
  formData() { const all = {}; for (const part of this.#said.body.split('&')) if (part) { const [name, value = ''] = part.split('=').map((it) => decodeURIComponent(it.replace(/\+/g, ' '))); all[name] = value; } return map(all); }
}
/** What is there already: an answer, or what was thrown on the way. */
class Settled {
  #value; #error;
  constructor(value, error) { this.#value = value; this.#error = error; }
  get() { if (this.#error) throw this.#error; return this.#value; }
  then(done, failed) {
    try {
      if (this.#error) return failed ? new Settled(failed(this.#error)) : this;
      return new Settled(done ? done(this.#value) : this.#value);
    } catch (error) { return new Settled(undefined, error); }
  }
  catch(failed) { return this.then(undefined, failed); }
}
return {
  send(url, options = {}) {
    const headers = [];
    const given = options.headers ?? {};
    for (const name of Object.keys(given)) for (const value of [].concat(given[name])) headers.push([name, String(value)]);
    if (options.token) headers.push(['Authorization', `Bearer ${options.token}`]);
    if (options.basicAuthentication ?? options.basic) { const { username, password } = options.basicAuthentication ?? options.basic; headers.push(['Authorization', `Basic ${utf8(`${username}:${password}`)}`]); }
    const form = options.form;
    if (form) headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
    const sent = form ? Object.keys(form).map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(form[name])}`).join('&') : body(options.body, headers);
    if (options.clientName) throw new Error('clients of HTTP are not configured by name here');
    const timeout = options.responseTimeout === undefined ? undefined : Number(options.responseTimeout) * 1000;
    return new Settled(new Response(host.fetch({ method: String(options.method ?? 'GET'), url: String(url), headers, body: sent, timeout })));
  },
};
})
