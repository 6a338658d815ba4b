// Texts: strings, characters and bytes of Java.
//
// Strings are those of JavaScript with the methods that Java has besides, so that both ways of writing work.

/** Adds methods that a script does not see when it enumerates. */
export function extend(prototype, methods) {
  for (const name of Object.getOwnPropertyNames(methods)) {
    if (!Object.hasOwn(prototype, name)) {
      Object.defineProperty(prototype, name, { value: methods[name], writable: true, configurable: true });
    }
  }
}

/** What of a value a Java `String` would be. */
export function text(value) {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Int8Array || value instanceof Uint8Array) return fromUtf8(value);
  return String(value);
}

export const same = (a, b) => {
  if (a === b || (a !== a && b !== b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') {
    return a !== null && b !== null && typeof a !== typeof b ? a?.valueOf() === b?.valueOf() : false;
  }
  if (typeof a.equals === 'function') return a.equals(b);
  return a.valueOf() === b.valueOf();
};

export function pattern(source, flags = 'g') {
  return source instanceof RegExp ? source : new RegExp(String(source), flags);
}

extend(String.prototype, {
  equals(other) { return other !== null && other !== undefined && String(this) === String(other); },
  equalsIgnoreCase(other) {
    return other !== null && other !== undefined && String(this).toLowerCase() === String(other).toLowerCase();
  },
  contains(part) { return String(this).includes(String(part)); },
  isEmpty() { return this.length === 0; },
  isBlank() { return String(this).trim().length === 0; },
  strip() { return String(this).trim(); },
  matches(source) { return new RegExp(`^(?:${String(source)})$`).test(String(this)); },
  replaceFirst(source, by) { return String(this).replace(pattern(source, ''), String(by)); },
  getBytes() { return toUtf8(String(this)); },
  toCharArray() { return Chars.of(String(this)); },
  compareTo(other) { const a = String(this), b = String(other); return a < b ? -1 : a > b ? 1 : 0; },
  compareToIgnoreCase(other) { return String(this).toLowerCase().compareTo(String(other).toLowerCase()); },
  hashCode() {
    let hash = 0;
    for (let i = 0; i < this.length; i++) hash = (Math.imul(hash, 31) + this.charCodeAt(i)) | 0;
    return hash;
  },
  intern() { return String(this); },
  contentEquals(other) { return String(this) === String(other); },
  asString() { return String(this); },
});
// In Java the first argument is a pattern even where it is a string.
Object.defineProperty(String.prototype, 'replaceAll', {
  value(source, by) { return String(this).replace(pattern(source), typeof by === 'function' ? by : String(by)); },
  writable: true, configurable: true,
});
extend(Boolean.prototype, { booleanValue() { return this.valueOf(); }, equals(o) { return this.valueOf() === o?.valueOf(); } });
extend(Number.prototype, {
  intValue() { return Math.trunc(this); },
  longValue() { return Math.trunc(this); },
  doubleValue() { return Number(this); },
  floatValue() { return Number(this); },
  equals(other) { return this.valueOf() === other?.valueOf(); },
  compareTo(other) { return Math.sign(this - other); },
});
extend(Array.prototype, {
  size() { return this.length; },
  isEmpty() { return this.length === 0; },
  contains(item) { return this.some((own) => same(own, item)); },
});

/** Characters, as `getPassword()` gives them; as a string they are their text. */
export class Chars extends Array {
  static get [Symbol.species]() { return Array; }
  static of(string) { const made = new Chars(); for (let i = 0; i < string.length; i++) made.push(string[i]); return made; }
  toString() { return this.join(''); }
}

/** The bytes of a text in UTF-8; half a surrogate is a question mark. */
export function toUtf8(string) {
  const bytes = [];
  for (let i = 0; i < string.length; i++) {
    let code = string.codePointAt(i);
    if (code > 0xffff) i += 1;
    else if (code >= 0xd800 && code < 0xe000) code = 0x3f;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Int8Array.from(bytes);
}

/** The text of bytes in UTF-8; what is none is U+FFFD. */
export function fromUtf8(bytes) {
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++] & 255;
    const more = first < 0x80 ? 0 : first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : -1;
    let code = more === 0 ? first : more < 0 || first >= 0xf5 ? -1 : first & (0x3f >> more);
    for (let n = 0; n < more && code >= 0; n++) {
      code = i < bytes.length && (bytes[i] & 0xc0) === 0x80 ? (code << 6) | (bytes[i++] & 63) : -1;
    }
    out += code < 0 || code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  }
  return out;
}

/** The bytes of whatever Java would take as such. */
export function bytesOf(value) {
  if (value instanceof Int8Array) return value;
  if (Array.isArray(value) && !(value instanceof Chars)) return Int8Array.from(value);
  if (value instanceof Uint8Array) return Int8Array.from(value);
  return toUtf8(text(value));
}

