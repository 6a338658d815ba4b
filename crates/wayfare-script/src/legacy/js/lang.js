// java.lang, java.net and encodings, as far as they are data and arithmetic.
//
// Threads, files, sockets, the environment and class loaders are not here.

import { named } from './core.js';
import { ArrayList, JavaError, inOrder, items } from './collections.js';
import { bytesOf, fromUtf8, text } from './text.js';

export const packages = {};

/** `java.lang.String`, callable both ways: `String(chars)` gives a string, `new String(bytes)` an object of one. */
function JavaString(value) {
  const string = value === undefined ? '' : text(value);
  return new.target ? new globalThis.String(string) : string;
}
Object.assign(JavaString, {
  callable: true,
  valueOf: (value) => text(value),
  copyValueOf: (value) => text(value),
  join: (by, ...parts) => (parts.length === 1 && typeof parts[0] === 'object' ? items(parts[0]) : parts).map(text).join(by),
  format: (first, ...args) => formatted(String(first), args),
});

/** What `String.format` makes of the conversions that scripts use. */
function formatted(template, args) {
  let next = 0;
  return template.replace(/%(?:(\d+)\$)?([-0,+ ]*)(\d+)?(?:\.(\d+))?([sdfxXcbn%])/g, (all, at, flags, width, places, kind) => {
    if (kind === '%') return '%';
    if (kind === 'n') return '\n';
    const value = args[at ? at - 1 : next++];
    let out = kind === 'd' ? String(Math.trunc(value))
      : kind === 'f' ? Number(value).toFixed(places ?? 6)
        : kind === 'x' ? Number(value).toString(16)
          : kind === 'X' ? Number(value).toString(16).toUpperCase()
            : text(value);
    if (!width) return out;
    const pad = Math.min(Number(width), 1000);
    if (flags.includes('-')) return out.padEnd(pad);
    return flags.includes('0') ? out.padStart(pad, '0') : out.padStart(pad);
  });
}

export function parsed(value, radix = 10) {
  const string = text(value).trim();
  const number = radix === 10 ? Number(string) : parseInt(string, radix);
  if (string === '' || !Number.isFinite(number)) {
    throw new JavaError('java.lang.NumberFormatException', `For input string: "${string}"`);
  }
  return number;
}

/** A class of numbers, which are plain numbers. */
const numbers = (read, more) => Object.assign(function (value) {
  const number = read(value);
  return new.target ? Object(number) : number;
}, { callable: true, valueOf: read, ...more });
const whole = (value, radix) => (typeof value === 'number' ? Math.trunc(value) : parsed(value, radix));

packages['java.lang'] = (() => {
  class JavaObject { equals(other) { return this === other; } }
  class StringBuilder {
    #parts;
    constructor(start) { this.#parts = typeof start === 'number' || start === undefined ? [] : [text(start)]; }
    append(part) { this.#parts.push(text(part)); return this; }
    insert(at, part) { const all = this.toString(); this.#parts = [all.slice(0, at), text(part), all.slice(at)]; return this; }
    reverse() { this.#parts = [Array.from(this.toString()).reverse().join('')]; return this; }
    deleteCharAt(at) { const all = this.toString(); this.#parts = [all.slice(0, at), all.slice(at + 1)]; return this; }
    setLength(length) { this.#parts = [this.toString().slice(0, length)]; }
    charAt(at) { return this.toString().charAt(at); }
    indexOf(part) { return this.toString().indexOf(part); }
    get length() { return this.toString().length; }
    toString() { const all = this.#parts.join(''); this.#parts = [all]; return all; }
  }
  const errors = {};
  for (const name of ['Exception', 'RuntimeException', 'IllegalArgumentException', 'IllegalStateException',
    'NullPointerException', 'NumberFormatException', 'IndexOutOfBoundsException', 'UnsupportedOperationException',
    'Throwable', 'Error', 'ClassCastException', 'InterruptedException']) {
    errors[name] = class extends JavaError { constructor(message) { super(`java.lang.${name}`, message); } };
  }
  const JavaMath = Object.assign({}, Object.fromEntries(
    Object.getOwnPropertyNames(Math).map((name) => [name, Math[name]]),
  ), { toRadians: (x) => (x * Math.PI) / 180, toDegrees: (x) => (x * 180) / Math.PI, floorMod: (a, b) => ((a % b) + b) % b, rint: Math.round });
  const limits = { MAX_VALUE: 2147483647, MIN_VALUE: -2147483648 };
  const Integer = numbers(whole, {
    ...limits, parseInt: whole, toString: (n, radix) => Number(n).toString(radix ?? 10), toHexString: (n) => (n >>> 0).toString(16),
    toBinaryString: (n) => (n >>> 0).toString(2), compare: inOrder, max: Math.max, min: Math.min,
  });
  const Character = Object.assign(function (value) { return new.target ? Object(value) : value; }, {
    callable: true, valueOf: (c) => c, toString: (c) => text(c),
    isDigit: (c) => /^\p{Nd}/u.test(text(c)), isLetter: (c) => /^\p{L}/u.test(text(c)),
    isLetterOrDigit: (c) => /^[\p{L}\p{Nd}]/u.test(text(c)), isWhitespace: (c) => /^\s/.test(text(c)),
    isUpperCase: (c) => /^\p{Lu}/u.test(text(c)), isLowerCase: (c) => /^\p{Ll}/u.test(text(c)),
    toUpperCase: (c) => text(c).toUpperCase(), toLowerCase: (c) => text(c).toLowerCase(),
  });
  return {
    String: JavaString, StringBuilder, StringBuffer: StringBuilder, Object: JavaObject, ...errors,
    Math: JavaMath, StrictMath: JavaMath, Character, Integer, Short: Integer, Byte: numbers(whole, { valueOf: whole, parseByte: whole }),
    Long: numbers(whole, { parseLong: whole, toString: (n) => String(n), MAX_VALUE: Number.MAX_SAFE_INTEGER, MIN_VALUE: Number.MIN_SAFE_INTEGER, compare: inOrder }),
    Double: numbers(parsed, { parseDouble: parsed, isNaN: Number.isNaN, compare: inOrder, toString: (n) => String(n), MAX_VALUE: Number.MAX_VALUE }),
    Float: numbers(parsed, { parseFloat: parsed }),
    Number: numbers(parsed, {}),
    Boolean: numbers((value) => text(value).toLowerCase() === 'true', {
      TRUE: true, FALSE: false, parseBoolean: (value) => text(value).toLowerCase() === 'true', toString: (value) => String(value),
    }),
    System: {
      currentTimeMillis: () => Date.now(), nanoTime: () => Date.now() * 1e6, lineSeparator: () => '\n',
      arraycopy(from, at, to, start, length) { for (let i = 0; i < length; i++) to[start + i] = from[at + i]; },
    },
  };
});

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function toBase64(value, url = false, padded = !url) {
  const bytes = bytesOf(value);
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] & 255) << 16) | ((bytes[i + 1] & 255) << 8) | (bytes[i + 2] & 255);
    out += ALPHABET[word >> 18] + ALPHABET[(word >> 12) & 63];
    out += i + 1 < bytes.length ? ALPHABET[(word >> 6) & 63] : padded ? '=' : '';
    out += i + 2 < bytes.length ? ALPHABET[word & 63] : padded ? '=' : '';
  }
  return url ? out.replace(/\+/g, '-').replace(/\//g, '_') : out;
}

/** The bytes of base 64 of either alphabet, or nothing where it is none. */
export function fromBase64(value) {
  const string = text(value).replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
  if (/[^A-Za-z0-9+/]/.test(string) || string.length % 4 === 1) return null;
  const bytes = [];
  for (let i = 0, word = 0, bits = 0; i < string.length; i++) {
    word = (word << 6) | ALPHABET.indexOf(string[i]);
    bits += 6;
    if (bits >= 8) { bits -= 8; bytes.push((word >> bits) & 255); word &= (1 << bits) - 1; }
  }
  return Int8Array.from(bytes);
}

packages['org.forgerock.util.encode'] = (() => ({
  Base64: { encode: (bytes) => toBase64(bytes), decode: fromBase64 },
  Base64url: { encode: (bytes) => toBase64(bytes, true), decode: fromBase64, encodeToString: (bytes) => toBase64(bytes, true), decodeToString: (value) => fromUtf8(fromBase64(value)) },
}));

/** What an encoding of forms makes of a text, and back. */
export const formEncode = (value) => encodeURIComponent(text(value)).replace(/%20/g, '+').replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const formDecode = (value) => decodeURIComponent(text(value).replace(/\+/g, ' '));

export class URI {
  #text; #parts;
  constructor(value) {
    this.#text = text(value);
    this.#parts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(this.#text) ?? [];
  }
  static create(value) { return new URI(value); }
  getScheme() { return this.#parts[1] ?? null; }
  getProtocol() { return this.#parts[1] ?? null; }
  getAuthority() { return this.#parts[2] ?? null; }
  getHost() { return this.#parts[2]?.replace(/^.*@/, '').replace(/:\d+$/, '') ?? null; }
  getPort() { const port = /:(\d+)$/.exec(this.#parts[2] ?? ''); return port ? Number(port[1]) : -1; }
  getPath() { return this.#parts[3] === undefined ? null : decodeURIComponent(this.#parts[3]); }
  getRawPath() { return this.#parts[3] ?? null; }
  getQuery() { return this.#parts[4] === undefined ? null : decodeURIComponent(this.#parts[4]); }
  getRawQuery() { return this.#parts[4] ?? null; }
  getFragment() { return this.#parts[5] ?? null; }
  toASCIIString() { return this.#text; }
  toURI() { return this; }
  toURL() { return this; }
  equals(other) { return String(other) === this.#text; }
  toString() { return this.#text; }
  toJSON() { return this.#text; }
}

packages['java.net'] = (() => ({
  URI, URL: URI, URLEncoder: { encode: formEncode }, URLDecoder: { decode: formDecode },
}));

/** Arrays of a length, as scripts make them for arguments; what is in them to begin with follows from their class. */
const arrayOf = (cls, length) => new Array(Math.min(Math.max(0, Math.trunc(length)), 65536)).fill(/^(?:Integer|Long|Double|Short|Byte|Float)$/.test(String(named.get(cls)?.name).split('.').pop()) ? 0 : null);
packages['java.lang.reflect'] = (() => ({ Array: { newInstance: arrayOf, getLength: (list) => list.length, get: (list, at) => list[at], set(list, at, value) { list[at] = value; } } }));
packages['java.nio.charset'] = (() => ({ StandardCharsets: { UTF_8: 'UTF-8', US_ASCII: 'US-ASCII', ISO_8859_1: 'ISO-8859-1' }, Charset: { forName: text } }));
