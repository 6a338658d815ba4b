// Digests, keys of HMAC and the signed tokens that scripts build from them.
//
// The arithmetic is the host's. Keys of RSA and elliptic curves, ciphers and encrypted tokens are not here, and
// naming their classes says so.

import { host } from './core.js';
import { ArrayList, HashSet, JavaError, define, fromJson, toJson } from './collections.js';
import { JsonValue } from './json.js';
import { fromBase64, toBase64 } from './lang.js';
import { bytesOf, fromUtf8, text, toUtf8 } from './text.js';
import { JavaDate, millis } from './time.js';
import { SecureRandom } from './util.js';

export const packages = {};

const DIGESTS = { 'SHA-1': 'sha1', SHA1: 'sha1', SHA: 'sha1', 'SHA-256': 'sha256', SHA256: 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512', SHA512: 'sha512' };
const MACS = { HMACSHA1: 'sha1', HMACSHA256: 'sha256', HMACSHA384: 'sha384', HMACSHA512: 'sha512' };

function algorithm(table, name) {
  const found = table[text(name).toUpperCase()] ?? table[text(name)];
  if (!found) throw new JavaError('java.security.NoSuchAlgorithmException', `${text(name)} is not available to scripts here`);
  return found;
}

class Digesting {
  #parts = [];
  update(bytes) { this.#parts.push(...bytesOf(typeof bytes === 'number' ? [bytes] : bytes)); }
  reset() { this.#parts = []; }
  take(bytes) { if (bytes !== undefined) this.update(bytes); const all = this.#parts; this.reset(); return Int8Array.from(all); }
}

class MessageDigest extends Digesting {
  #name; #kind;
  constructor(name, kind) { super(); this.#name = text(name); this.#kind = kind; }
  static getInstance(name) { return new MessageDigest(name, algorithm(DIGESTS, name)); }
  static isEqual(a, b) { return bytesOf(a).length === bytesOf(b).length && bytesOf(a).every((byte, at) => byte === bytesOf(b)[at]); }
  digest(bytes) { return Int8Array.from(host.digest(this.#kind, Array.from(this.take(bytes)))); }
  getAlgorithm() { return this.#name; }
}

class SecretKeySpec {
  #bytes; #name;
  constructor(bytes, name) { this.#bytes = bytesOf(bytes); this.#name = text(name); }
  getEncoded() { return this.#bytes; }
  getAlgorithm() { return this.#name; }
}

class Mac extends Digesting {
  #kind; #key = null;
  constructor(kind) { super(); this.#kind = kind; }
  static getInstance(name) { return new Mac(algorithm(MACS, name)); }
  init(key) { this.#key = key.getEncoded(); }
  doFinal(bytes) {
    if (!this.#key) throw new JavaError('java.lang.IllegalStateException', 'MAC not initialized');
    return Int8Array.from(host.hmac(this.#kind, Array.from(this.#key), Array.from(this.take(bytes))));
  }
}

packages['java.security'] = (() => ({
  MessageDigest, SecureRandom,
  NoSuchAlgorithmException: class extends JavaError { constructor(message) { super('java.security.NoSuchAlgorithmException', message); } },
}));
packages['javax.crypto'] = (() => ({ Mac }));
packages['javax.crypto.spec'] = (() => ({ SecretKeySpec }));
packages['org.forgerock.openam.shared.security'] = (() => ({
  ThreadLocalSecureRandom: { nextBytes: (count) => new SecureRandom().nextBytes(count), get: () => new SecureRandom() },
}));

class SecretBuilder {
  #key = null;
  secretKey(key) { this.#key = key; return this; }
  clone() { return this; }
  stableId() { return this; }
  expiresIn() { return this; }
  expiresAt() { return this; }
  build(make) { return typeof make === 'function' ? make(this) : this; }
  getKey() { return this.#key; }
}
class Key {
  #builder;
  constructor(builder) { this.#builder = builder; }
  getEncoded() { return this.#builder.getKey().getEncoded(); }
}
class SecretHmacSigningHandler {
  #key;
  constructor(key) { this.#key = key; }
  sign(name, input) { return toBase64(Int8Array.from(host.hmac(`sha${name.slice(2)}`, Array.from(this.#key.getEncoded()), Array.from(toUtf8(input)))), true); }
}

class JwtClaimsSet {
  #claims = {};
  constructor(claims) { if (claims) this.setClaims(claims); }
  #set(name, value) { define(this.#claims, name, toJson(value)); return this; }
  #time(name, when) { return this.#set(name, Math.floor(millis(when) / 1000)); }
  setClaim(name, value) { return this.#set(text(name), value); }
  setClaims(claims) { const plain = toJson(claims); for (const name of Object.keys(plain)) this.#set(name, plain[name]); return this; }
  setIssuer(value) { return this.#set('iss', text(value)); }
  setSubject(value) { return this.#set('sub', text(value)); }
  setType(value) { return this.#set('typ', text(value)); }
  setJwtId(value) { return this.#set('jti', text(value)); }
  addAudience(value) {
    const had = this.#claims.aud;
    return this.#set('aud', had === undefined ? text(value) : [].concat(had, text(value)));
  }
  setIssuedAtTime(when) { return this.#time('iat', when); }
  setExpirationTime(when) { return this.#time('exp', when); }
  setNotBeforeTime(when) { return this.#time('nbf', when); }
  getClaim(name) { return fromJson(this.#claims[name] ?? null); }
  get(name) { return new JsonValue(this.getClaim(name)); }
  getIssuer() { return this.#claims.iss ?? null; }
  getSubject() { return this.#claims.sub ?? null; }
  getJwtId() { return this.#claims.jti ?? null; }
  getAudience() { return new ArrayList([].concat(this.#claims.aud ?? [])); }
  #date(name) { return this.#claims[name] === undefined ? null : new JavaDate(this.#claims[name] * 1000); }
  getIssuedAtTime() { return this.#date('iat'); }
  getExpirationTime() { return this.#date('exp'); }
  getNotBeforeTime() { return this.#date('nbf'); }
  isDefined(name) { return Object.hasOwn(this.#claims, name); }
  keys() { return new HashSet(Object.keys(this.#claims)); }
  toJsonValue() { return new JsonValue(fromJson(this.#claims)); }
  build() { return this.toString(); }
  toJSON() { return this.#claims; }
  toString() { return JSON.stringify(this.#claims); }
}

const JwsAlgorithm = {};
for (const name of ['NONE', 'HS256', 'HS384', 'HS512', 'RS256', 'ES256']) JwsAlgorithm[name] = name;

/** A token, built part by part. */
class JwtBuilder {
  #handler; #headers = { typ: 'JWT' }; #claims = new JwtClaimsSet();
  constructor(handler) { this.#handler = handler; }
  headers() { return this; }
  alg(name) { this.#headers.alg = text(name); return this; }
  header(name, value) { define(this.#headers, text(name), toJson(value)); return this; }
  headerIfNotNull(name, value) { return value === null || value === undefined ? this : this.header(name, value); }
  kid(id) { return this.header('kid', id); }
  done() { return this; }
  claims(claims) { this.#claims = claims; return this; }
  build() {
    const alg = this.#headers.alg ?? 'HS256';
    if (!/^HS(256|384|512)$/.test(alg)) throw new JavaError('java.security.NoSuchAlgorithmException', `${alg} is not available to scripts here`);
    const input = `${toBase64(JSON.stringify({ ...this.#headers, alg }), true)}.${toBase64(this.#claims.toString(), true)}`;
    return `${input}.${this.#handler.sign(alg, input)}`;
  }
  asJwt() { return new SignedJwt(this.build()); }
}

class SignedJwt {
  #parts; #header; #claims;
  constructor(compact) {
    this.#parts = text(compact).split('.');
    const read = (part) => { const bytes = fromBase64(part ?? ''); return bytes && JSON.parse(fromUtf8(bytes)); };
    try {
      this.#header = read(this.#parts[0]);
      this.#claims = new JwtClaimsSet(fromJson(read(this.#parts[1])));
    } catch { this.#header = null; }
    if (this.#parts.length !== 3 || !this.#header) throw new JavaError('org.forgerock.json.jose.exceptions.InvalidJwtException', 'not a signed token');
  }
  getClaimsSet() { return this.#claims; }
  getHeader() { return { getAlgorithm: () => this.#header.alg, getAlgorithmName: () => this.#header.alg, getKeyId: () => this.#header.kid ?? null, getParameter: (name) => fromJson(this.#header[name] ?? null) }; }
  getSignature() { return fromBase64(this.#parts[2]); }
  verify(handler) {
    const { alg } = this.#header;
    return /^HS(256|384|512)$/.test(alg) && handler.sign(alg, `${this.#parts[0]}.${this.#parts[1]}`) === this.#parts[2];
  }
  build() { return this.#parts.join('.'); }
  toString() { return this.build(); }
}

packages['org.forgerock.json.jose.builders'] = (() => ({
  JwtBuilderFactory: class {
    jws(handler) { return new JwtBuilder(handler); }
    claims() { return new JwtClaimsSet(); }
    reconstruct(compact) { return new SignedJwt(compact); }
  },
}));
packages['org.forgerock.json.jose.common'] = (() => ({ JwtReconstruction: class { reconstructJwt(compact) { return new SignedJwt(compact); } } }));
packages['org.forgerock.json.jose.jwt'] = (() => ({ JwtClaimsSet }));
packages['org.forgerock.json.jose.jws'] = (() => ({ JwsAlgorithm, SignedJwt, SigningManager: class { newHmacSigningHandler(key) { return new SecretHmacSigningHandler({ getEncoded: () => bytesOf(key) }); } } }));
packages['org.forgerock.json.jose.jws.handlers'] = (() => ({ SecretHmacSigningHandler, HmacSigningHandler: SecretHmacSigningHandler }));
packages['org.forgerock.secrets'] = (() => ({ SecretBuilder }));
packages['org.forgerock.secrets.keys'] = (() => ({ SigningKey: Key, VerificationKey: Key }));
