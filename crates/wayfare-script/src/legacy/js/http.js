// HTTP as the product's own library has it: requests, responses and a client whose promises are always done.
//
// The client asks the host, which asks outside by its own rules. A request that fails there is a response with
// status 502 and a cause, as in the product.

import { beans, host, isDelivering } from './core.js';
import { ArrayList, CaseInsensitiveMap, HashMap, HashSet, JavaError, LinkedHashMap, fromJson, items, texts, toJson } from './collections.js';
import { URI, formDecode, formEncode } from './lang.js';
import { bytesOf, fromUtf8, text, toUtf8 } from './text.js';

export const packages = {};

const REASONS = {
  200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified',
  307: 'Temporary Redirect', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed',
  409: 'Conflict', 410: 'Gone', 412: 'Precondition Failed', 415: 'Unsupported Media Type', 422: 'Unprocessable Entity', 429: 'Too Many Requests',
  500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout',
};
const statuses = new Map();

class Status {
  #code; #reason;
  constructor(code, reason) { this.#code = code; this.#reason = reason; }
  static valueOf(code, reason) {
    if (!statuses.has(code)) statuses.set(code, new Status(code, reason ?? REASONS[code] ?? 'Unknown'));
    return statuses.get(code);
  }
  getCode() { return this.#code; }
  getReasonPhrase() { return this.#reason; }
  isInformational() { return this.#code < 200; }
  isSuccessful() { return this.#code >= 200 && this.#code < 300; }
  isRedirection() { return this.#code >= 300 && this.#code < 400; }
  isClientError() { return this.#code >= 400 && this.#code < 500; }
  isServerError() { return this.#code >= 500; }
  equals(other) { return other instanceof Status && other.getCode() === this.#code; }
  toString() { return `[Status: ${this.#code} ${this.#reason}]`; }
}

/** A header with its values. */
class Header {
  #name; #values;
  constructor(name, values) { this.#name = name; this.#values = values; }
  getName() { return this.#name; }
  getValues() { return new ArrayList(this.#values); }
  getFirstValue() { return this.#values[0] ?? null; }
  toString() { return this.#values.join(', '); }
}
class GenericHeader extends Header {
  constructor(name, ...values) { super(text(name), values.map(text)); }
}

class Headers {
  #entries = new Map();
  #entry(name) { return this.#entries.get(text(name).toLowerCase()); }
  #set(name, values) { this.#entries.set(text(name).toLowerCase(), { name: text(name), values }); }
  static values(value) { return value instanceof Header ? Array.from(value.getValues()) : texts(value); }
  put(name, value) { if (name instanceof Header) return this.put(name.getName(), name); this.#set(name, Headers.values(value)); return null; }
  add(name, value) {
    if (name instanceof Header) return this.add(name.getName(), name);
    const entry = this.#entry(name);
    if (entry) entry.values.push(...Headers.values(value)); else this.#set(name, Headers.values(value));
    return null;
  }
  addAll(source) { new HashMap(source).forEach((name, value) => this.add(name, value)); }
  putAll(source) { new HashMap(source).forEach((name, value) => this.put(name, value)); }
  get(name) { const entry = this.#entry(name); return entry ? new Header(entry.name, entry.values) : null; }
  getFirst(name) { return this.#entry(name)?.values[0] ?? null; }
  getAll(name) { return new ArrayList(this.#entry(name)?.values ?? []); }
  containsKey(name) { return this.#entry(name) !== undefined; }
  remove(name) { const old = this.get(name); this.#entries.delete(text(name).toLowerCase()); return old; }
  keySet() { return new HashSet(Array.from(this.#entries.values(), (entry) => entry.name)); }
  size() { return this.#entries.size; }
  isEmpty() { return this.#entries.size === 0; }
  asMapOfHeaders() { return this.copyAsMultiMapOfStrings(); }
  copyAsMultiMapOfStrings() { const map = new CaseInsensitiveMap(); for (const { name, values } of this.#entries.values()) map.put(name, new ArrayList(values)); return map; }
  list() { return Array.from(this.#entries.values()).flatMap(({ name, values }) => values.map((value) => [name, value])); }
  toString() { return this.copyAsMultiMapOfStrings().toString(); }
}

class Entity {
  #bytes = null; #text = '';
  setString(value) { this.#bytes = null; this.#text = value === null || value === undefined ? '' : text(value); }
  getString() { return this.#bytes ? fromUtf8(this.#bytes) : this.#text; }
  setJson(value) { this.setString(JSON.stringify(toJson(value))); }
  getJson() { const value = this.getString(); return value === '' ? null : fromJson(JSON.parse(value)); }
  setBytes(value) { this.#bytes = bytesOf(value); }
  getBytes() { return this.#bytes ?? toUtf8(this.#text); }
  isEmpty() { return this.getString() === ''; }
  isRawContentEmpty() { return this.isEmpty(); }
  getLength() { return this.getBytes().length; }
  setEmpty() { this.setString(''); }
  close() {}
  toString() { return this.getString(); }
}

class Form extends LinkedHashMap {
  add(name, value) { if (!this.containsKey(name)) this.put(name, new ArrayList()); this.get(name).add(text(value)); }
  putSingle(name, value) { this.put(name, new ArrayList([text(value)])); }
  getFirst(name) { return this.get(name)?.get(0) ?? null; }
  fromFormString(string) {
    for (const part of text(string).split('&')) {
      if (part) this.add(formDecode(part.split('=')[0]), formDecode(part.split('=').slice(1).join('=')));
    }
    return this;
  }
  fromQueryString(string) { return this.fromFormString(string); }
  toFormString() {
    const parts = [];
    this.forEach((name, values) => items(values).forEach((value) => parts.push(`${formEncode(name)}=${formEncode(value)}`)));
    return parts.join('&');
  }
  toQueryString() { return this.toFormString(); }
  toRequestEntity(request) {
    request.setMethod('POST');
    request.getHeaders().put('Content-Type', 'application/x-www-form-urlencoded');
    request.getEntity().setString(this.toFormString());
  }
  appendRequestQuery(request) {
    const uri = String(request.getUri());
    request.setUri(`${uri}${uri.includes('?') ? '&' : '?'}${this.toQueryString()}`);
  }
  toString() { return this.toFormString(); }
}

class Message {
  #entity = new Entity(); #headers = new Headers();
  getEntity() { return this.#entity; }
  setEntity(value) {
    if (value instanceof Entity) this.#entity = value;
    else if (value === null || typeof value !== 'object' || value instanceof String) this.#entity.setString(value);
    else if (value instanceof Int8Array) this.#entity.setBytes(value);
    else if (value instanceof Form) this.#entity.setString(value.toFormString());
    else {
      this.#entity.setJson(value);
      if (!this.#headers.containsKey('Content-Type')) this.#headers.put('Content-Type', 'application/json; charset=UTF-8');
    }
    return this;
  }
  getHeaders() { return this.#headers; }
  addHeaders(...headers) { for (const header of headers) this.#headers.add(header); return this; }
  getVersion() { return 'HTTP/1.1'; }
  setVersion() { return this; }
  close() {}
}

class Request extends Message {
  #method = null; #uri = null;
  getMethod() { return this.#method; }
  setMethod(method) { this.#method = text(method); return this; }
  getUri() { return this.#uri === null ? null : new URI(this.#uri); }
  setUri(uri) { this.#uri = text(uri); return this; }
  getForm() { return new Form().fromQueryString(this.getUri()?.getRawQuery() ?? ''); }
  getQueryParams() { return this.getForm(); }
  plain() { return { method: this.#method ?? 'GET', url: this.#uri ?? '', headers: this.getHeaders().list(), body: this.getEntity().getString() }; }
}

class Response extends Message {
  #status; #cause = null;
  constructor(status) { super(); this.#status = status ?? Status.valueOf(200); }
  getStatus() { return this.#status; }
  setStatus(status) { this.#status = status; return this; }
  getCause() { return this.#cause; }
  setCause(cause) { this.#cause = cause; return this; }
  getStatusCode() { return this.#status.getCode(); }
  getReasonPhrase() { return this.#status.getReasonPhrase(); }
}

/** A promise that is done already, which is all that scripts ever see. */
class Promise {
  #value; #error;
  constructor(value, error) { this.#value = value; this.#error = error; }
  get() { if (this.#error) throw this.#error; return this.#value; }
  getOrThrow() { return this.get(); }
  getOrThrowUninterruptibly() { return this.get(); }
  getOrThrowIfInterrupted() { return this.get(); }
  isDone() { return true; }
  isCancelled() { return false; }
  cancel() { return false; }
  then(onResult, onError) {
    if (this.#error) return onError ? new Promise(onError(this.#error)) : this;
    return typeof onResult === 'function' ? new Promise(onResult(this.#value)) : this;
  }
  thenOnResult(visit) { if (!this.#error) visit(this.#value); return this; }
  thenOnException(visit) { if (this.#error) visit(this.#error); return this; }
  thenCatch(recover) { return this.#error ? new Promise(recover(this.#error)) : this; }
  thenAlways(visit) { visit(); return this; }
  thenAsync(next) { return this.#error ? this : next(this.#value); }
}
Object.assign(Promise, {
  newResultPromise: (value) => new Promise(value), newExceptionPromise: (error) => new Promise(undefined, error),
});

/** Asks; what is sent with a link is only noted, and taken as accepted. */
function ask(plain) {
  if (!isDelivering()) return host.fetch(plain);
  try { host.fetch(plain); } catch { /* it is noted, and its answer never comes */ }
  return { status: 202 };
}

function fetched(plain) {
  const said = ask(plain);
  const response = new Response(Status.valueOf(said.status, said.reason || undefined));
  for (const [name, value] of said.headers ?? []) response.getHeaders().add(name, value);
  response.getEntity().setString(said.body ?? '');
  if (said.cause) response.setCause(new JavaError('java.io.IOException', said.cause));
  return response;
}

/** The request that the older `get` and `post` describe. */
function described(method, uri, body, data) {
  const plain = { method, url: text(uri), headers: [], body: body === null || body === undefined ? '' : text(body) };
  const given = data === null || data === undefined ? {} : toJson(data);
  for (const header of given.headers ?? []) plain.headers.push([text(header.field ?? header.name), text(header.value)]);
  const cookies = (given.cookies ?? []).map((cookie) => `${text(cookie.field ?? cookie.name)}=${text(cookie.value)}`);
  if (cookies.length) plain.headers.push(['Cookie', cookies.join('; ')]);
  return plain;
}

const legacyReply = (response) => ({
  getStatusCode: () => response.getStatusCode(), getReasonPhrase: () => response.getReasonPhrase(), getStatus: () => response.getStatus(),
  getEntity: () => response.getEntity().getString(), getHeaders: () => response.getHeaders().copyAsMultiMapOfStrings(),
  hasEntity: () => !response.getEntity().isEmpty(), hasHeaders: () => !response.getHeaders().isEmpty(), getCause: () => response.getCause(),
});

export const httpClient = () => ({
  send(first, second) {
    const request = second instanceof Request ? second : first;
    if (!(request instanceof Request)) throw new TypeError('httpClient.send takes a request of org.forgerock.http.protocol.Request');
    return new Promise(fetched(request.plain()));
  },
  get: (uri, data) => legacyReply(fetched(described('GET', uri, '', data))),
  post: (uri, body, data) => legacyReply(fetched(described('POST', uri, body, data))),
});

packages['org.forgerock.http.protocol'] = (() => {
  for (const code of Object.keys(REASONS)) Status[REASONS[code].toUpperCase().replace(/ /g, '_')] = Status.valueOf(Number(code));
  for (const cls of [Status, Header, Headers, Entity, Message, Request, Response]) beans(cls.prototype);
  class Cookie {
    #parts = {};
    setName(name) { this.#parts.name = text(name); return this; }
    getName() { return this.#parts.name ?? null; }
    setValue(value) { this.#parts.value = text(value); return this; }
    getValue() { return this.#parts.value ?? null; }
    setPath() { return this; }
    setDomain() { return this; }
    toString() { return `${this.#parts.name}=${this.#parts.value}`; }
  }
  return { Request, Response, Entity, Form, Status, Header, Headers, Cookie, Message };
});
packages['org.forgerock.http.header'] = (() => ({
  GenericHeader,
  ContentTypeHeader: class extends Header { constructor(value) { super('Content-Type', [text(value)]); } },
  AuthorizationHeader: class extends Header { constructor(value) { super('Authorization', [text(value)]); } },
}));
packages['org.forgerock.http'] = (() => ({ Client: class { send(...args) { return httpClient().send(...args); } } }));
packages['org.forgerock.util.promise'] = (() => ({ Promise, PromiseImpl: Promise, Promises: Promise, NeverThrowsException: JavaError }));
