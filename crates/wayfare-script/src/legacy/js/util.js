// java.util, with randomness that is the run's own.

import { host } from './core.js';
import { ArrayList, HashMap, HashSet, JavaError, JavaIterator, LinkedHashMap, LinkedHashSet, LinkedList, TreeMap, TreeSet, inOrder, items } from './collections.js';
import { fromBase64, toBase64 } from './lang.js';
import { text, toUtf8 } from './text.js';
import { Calendar, JavaDate } from './time.js';

export const packages = {};

/** Bytes of the run's own randomness. */
const randomBytes = (count) => Int8Array.from(host.random(Math.min(Math.max(0, Math.trunc(count)), 65536)));
const hex = (bytes) => Array.from(bytes, (byte) => (byte & 255).toString(16).padStart(2, '0')).join('');

export class UUID {
  #text;
  constructor(value) { this.#text = text(value); }
  static randomUUID() {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return new UUID(hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
  }
  static fromString(value) { return new UUID(value); }
  equals(other) { return String(other) === this.#text; }
  toString() { return this.#text; }
  toJSON() { return this.#text; }
}

export class SecureRandom {
  static getInstance() { return new SecureRandom(); }
  static getInstanceStrong() { return new SecureRandom(); }
  nextBytes(into) {
    const bytes = randomBytes(typeof into === 'number' ? into : into.length);
    if (typeof into === 'number') return bytes;
    for (let i = 0; i < bytes.length; i++) into[i] = bytes[i];
  }
  generateSeed(count) { return randomBytes(count); }
  #bits(bits) { return (((randomBytes(4).reduce((all, byte) => (all << 8) | (byte & 255), 0)) >>> 0) >>> (32 - bits)); }
  nextInt(bound, end) {
    if (bound === undefined) return this.#bits(32) | 0;
    return end === undefined ? Math.floor(this.nextDouble() * bound) : bound + Math.floor(this.nextDouble() * (end - bound));
  }
  nextLong() { return this.#bits(32) * 2097152 + this.#bits(21); }
  nextDouble() { return (this.#bits(26) * 134217728 + this.#bits(27)) / 9007199254740992; }
  nextFloat() { return this.nextDouble(); }
  nextBoolean() { return this.#bits(1) === 1; }
  setSeed() {}
}

packages['java.util'] = (() => {
  const encoder = (url, padded) => ({
    encodeToString: (bytes) => toBase64(bytes, url, padded),
    encode: (bytes) => toUtf8(toBase64(bytes, url, padded)),
    withoutPadding: () => encoder(url, false),
  });
  const decoder = {
    decode(value) {
      const bytes = fromBase64(value);
      if (!bytes) throw new JavaError('java.lang.IllegalArgumentException', 'Illegal base64 character');
      return bytes;
    },
  };
  const same = (value) => value;
  const sort = (list, compare) => { list.sort(typeof compare === 'function' ? compare : inOrder); return list; };
  class Optional {
    #value;
    constructor(value) { this.#value = value ?? null; }
    static of(value) { return new Optional(value); }
    static ofNullable(value) { return new Optional(value); }
    static empty() { return new Optional(null); }
    isPresent() { return this.#value !== null; }
    isEmpty() { return this.#value === null; }
    get() { if (this.#value === null) throw new JavaError('java.util.NoSuchElementException', 'No value present'); return this.#value; }
    orElse(other) { return this.#value ?? other; }
  }
  class StringTokenizer extends JavaIterator {
    constructor(string, by = ' \t\n\r\f') {
      super(text(string).split(new RegExp(`[${by.replace(/[\\\]^-]/g, '\\$&')}]+`)).filter((part) => part));
    }
    hasMoreTokens() { return this.hasNext(); }
    nextToken() { return this.next(); }
  }
  return {
    ArrayList, LinkedList, Vector: ArrayList, List: ArrayList, Stack: ArrayList, Collection: ArrayList,
    HashMap, LinkedHashMap, Hashtable: HashMap, TreeMap, Map: HashMap, Properties: HashMap, 'AbstractMap': HashMap,
    HashSet, LinkedHashSet, TreeSet, Set: HashSet, Iterator: JavaIterator, UUID, Random: SecureRandom, Optional, StringTokenizer,
    Arrays: {
      asList: (...list) => new ArrayList(list.length === 1 && Array.isArray(list[0]) ? list[0] : list),
      toString: (list) => new ArrayList(list).toString(), sort, equals: (a, b) => new ArrayList(a).equals(b),
      copyOf: (list, length) => list.slice(0, length), copyOfRange: (list, from, to) => list.slice(from, to),
      fill: (list, value) => list.fill(value),
    },
    Collections: {
      emptyList: () => new ArrayList(), emptyMap: () => new HashMap(), emptySet: () => new HashSet(),
      singletonList: (item) => new ArrayList([item]), singleton: (item) => new HashSet([item]),
      singletonMap(key, value) { const map = new HashMap(); map.put(key, value); return map; },
      unmodifiableList: same, unmodifiableMap: same, unmodifiableSet: same, sort, reverse: (list) => list.reverse(),
      addAll: (to, ...more) => to.addAll(more), max: (list) => items(list).sort(inOrder).pop(), min: (list) => items(list).sort(inOrder)[0],
    },
    Objects: { equals: (a, b) => a === b || (a?.equals?.(b) ?? false), isNull: (a) => a === null, nonNull: (a) => a !== null, toString: text },
    Base64: {
      getEncoder: () => encoder(false, true), getUrlEncoder: () => encoder(true, true), getMimeEncoder: () => encoder(false, true),
      getDecoder: () => decoder, getUrlDecoder: () => decoder, getMimeDecoder: () => decoder,
    },
    Date: JavaDate, Calendar, GregorianCalendar: Calendar, TimeZone: { getTimeZone: text, getDefault: () => 'UTC' },
    Locale: Object.assign((...parts) => parts.join('_'), { callable: true, ENGLISH: 'en', US: 'en_US', UK: 'en_GB', ROOT: '', getDefault: () => 'en_US' }),
  };
});

packages['java.util.regex'] = (() => {
  class Matcher {
    #regex; #input; #match = null;
    constructor(regex, input) { this.#regex = new RegExp(regex.source, regex.flags.replace('g', '') + 'g'); this.#input = input; }
    matches() { this.#match = new RegExp(`^(?:${this.#regex.source})$`, this.#regex.flags.replace('g', '')).exec(this.#input); return this.#match !== null; }
    find() { this.#match = this.#regex.exec(this.#input); return this.#match !== null; }
    group(at = 0) { return (typeof at === 'string' ? this.#match?.groups?.[at] : this.#match?.[at]) ?? null; }
    groupCount() { return (this.#match?.length ?? 1) - 1; }
    start() { return this.#match.index; }
    replaceAll(by) { return this.#input.replace(this.#regex, by); }
  }
  class Pattern {
    #regex;
    constructor(source, flags) { this.#regex = new RegExp(text(source), (flags & 2 ? 'i' : '') + (flags & 8 ? 'm' : '') + (flags & 32 ? 's' : '')); }
    static compile(source, flags = 0) { return new Pattern(source, flags); }
    static matches(source, input) { return text(input).matches(source); }
    static quote(source) { return text(source).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); }
    matcher(input) { return new Matcher(this.#regex, text(input)); }
    pattern() { return this.#regex.source; }
    toString() { return this.#regex.source; }
  }
  Object.assign(Pattern, { CASE_INSENSITIVE: 2, MULTILINE: 8, DOTALL: 32 });
  return { Pattern, Matcher };
});

const UNITS = { MILLISECONDS: 1, SECONDS: 1000, MINUTES: 60000, HOURS: 3600000, DAYS: 86400000 };
const timeUnit = (name, span) => ({
  toMillis: (n) => n * span, toSeconds: (n) => Math.trunc((n * span) / 1000), toMinutes: (n) => Math.trunc((n * span) / 60000),
  toHours: (n) => Math.trunc((n * span) / 3600000), toDays: (n) => Math.trunc((n * span) / 86400000), toString: () => name,
});

packages['java.util.concurrent'] = (() => ({
  TimeUnit: Object.fromEntries(Object.entries(UNITS).map(([name, span]) => [name, timeUnit(name, span)])),
  ExecutionException: class extends JavaError { constructor(message) { super('java.util.concurrent.ExecutionException', message); } },
  TimeoutException: class extends JavaError { constructor(message) { super('java.util.concurrent.TimeoutException', message); } },
}));
