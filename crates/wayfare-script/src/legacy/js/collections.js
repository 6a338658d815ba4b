// Collections of Java, and values of JSON as such.
//
// Lists are arrays, and maps hold their entries as properties, so that both ways of reading work: `map.get('a')`
// and `map.a`, `list.get(0)` and `list[0]`.

import { beans } from './core.js';
import { Chars, same, text } from './text.js';

/** What of a wrapper is wrapped. */
export const inner = Symbol('inner');

/** One pass over a collection. */
export class JavaIterator {
  #items; #at = 0;
  constructor(items) { this.#items = items; }
  hasNext() { return this.#at < this.#items.length; }
  next() {
    if (!this.hasNext()) throw new JavaError('java.util.NoSuchElementException', 'the iterator has no more elements');
    return this.#items[this.#at++];
  }
  *[Symbol.iterator]() { while (this.hasNext()) yield this.next(); }
}

/** An error that Java would throw, with the name of its class. */
export class JavaError extends Error {
  #message;
  constructor(cls, message) {
    super(message);
    this.#message = message;
    Object.defineProperty(this, 'name', { value: cls, configurable: true });
    Object.defineProperty(this, 'javaException', { get: () => this, configurable: true });
  }
  getMessage() { return this.#message ?? null; }
  getLocalizedMessage() { return this.#message ?? null; }
  getCause() { return null; }
  toString() { return this.#message ? `${this.name}: ${this.#message}` : this.name; }
}

/** What is in anything that can be gone through. */
export function items(source) {
  if (source === null || source === undefined) throw new JavaError('java.lang.NullPointerException', 'there is no collection');
  if (source[inner]) return items(source[inner]());
  if (typeof source === 'object' && Symbol.iterator in source) return Array.from(source);
  if (typeof source === 'object') return Object.values(source);
  return [source];
}

/** The texts of one value or of a collection of them. */
export function texts(value) {
  const one = value === null || typeof value !== 'object' || value instanceof String;
  return one ? [text(value)] : Array.from(items(value), text);
}

export class ArrayList extends Array {
  static get [Symbol.species]() { return Array; }
  constructor(source) {
    super();
    if (source !== undefined && typeof source !== 'number') this.addAll(source);
  }
  static from(source) { return new ArrayList(items(source)); }
  static of(...source) { return new ArrayList(source); }
  get(at) { return this[this.checked(at)]; }
  checked(at) {
    const index = Number(at);
    if (!(index >= 0 && index < this.length)) {
      throw new JavaError('java.lang.IndexOutOfBoundsException', `Index ${at} out of bounds for length ${this.length}`);
    }
    return index;
  }
  set(at, value) { const index = this.checked(at), old = this[index]; this[index] = value; return old; }
  add(...args) {
    if (args.length > 1) this.splice(Number(args[0]), 0, args[1]); else this.push(args[0]);
    return true;
  }
  addAll(source) { const more = items(source); for (const item of more) this.push(item); return more.length > 0; }
  addFirst(item) { this.unshift(item); }
  addLast(item) { this.push(item); }
  getFirst() { return this.get(0); }
  getLast() { return this.get(this.length - 1); }
  removeFirst() { return this.remove(0); }
  removeLast() { return this.remove(this.length - 1); }
  remove(what) {
    if (typeof what === 'number') return this.splice(this.checked(what), 1)[0];
    const at = this.indexOf(what);
    if (at >= 0) this.splice(at, 1);
    return at >= 0;
  }
  removeAll(source) { const gone = items(source); return this.keep((item) => !gone.contains(item)); }
  retainAll(source) { const kept = items(source); return this.keep((item) => kept.contains(item)); }
  removeIf(test) { return this.keep((item) => !test(item)); }
  keep(test) {
    const left = Array.from(this).filter(test), changed = left.length < this.length;
    this.splice(0, this.length, ...left);
    return changed;
  }
  indexOf(item) { return this.findIndex((own) => same(own, item)); }
  containsAll(source) { return items(source).every((item) => this.contains(item)); }
  clear() { this.length = 0; }
  iterator() { return new JavaIterator(Array.from(this)); }
  listIterator() { return this.iterator(); }
  subList(from, to) { return new ArrayList(Array.from(this).slice(from, to)); }
  toArray() { return Array.from(this); }
  equals(other) {
    return Array.isArray(other) && other.length === this.length && this.every((item, at) => same(item, other[at]));
  }
  toString() { return `[${Array.from(this, shown).join(', ')}]`; }
}

/** How a member of a collection shows in the text of the collection. */
export const shown = (value) => (value === null || value === undefined ? 'null'
  : Array.isArray(value) && !(value instanceof ArrayList) ? new ArrayList(value).toString()
    : typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype ? new HashMap(value).toString()
      : String(value));

export class HashSet {
  #items = [];
  constructor(source) { if (source !== undefined && typeof source !== 'number') this.addAll(source); }
  add(item) { if (this.contains(item)) return false; this.#items.push(item); return true; }
  addAll(source) { let changed = false; for (const item of items(source)) changed = this.add(item) || changed; return changed; }
  contains(item) { return this.#items.some((own) => same(own, item)); }
  containsAll(source) { return items(source).every((item) => this.contains(item)); }
  remove(item) { return this.#keep((own) => !same(own, item)); }
  removeAll(source) { const gone = items(source); return this.#keep((item) => !gone.contains(item)); }
  retainAll(source) { const kept = items(source); return this.#keep((item) => kept.contains(item)); }
  removeIf(test) { return this.#keep((item) => !test(item)); }
  #keep(test) { const before = this.#items.length; this.#items = this.#items.filter(test); return this.#items.length < before; }
  clear() { this.#items = []; }
  size() { return this.#items.length; }
  isEmpty() { return this.#items.length === 0; }
  iterator() { return new JavaIterator(this.toArray()); }
  toArray() { return this.sorted(this.#items.slice()); }
  sorted(list) { return list; }
  first() { return this.iterator().next(); }
  forEach(visit) { this.toArray().forEach((item) => visit(item)); }
  equals(other) { return other instanceof HashSet && other.size() === this.size() && this.containsAll(other); }
  toJSON() { return this.toArray(); }
  toString() { return new ArrayList(this.toArray()).toString(); }
  [Symbol.iterator]() { return this.toArray()[Symbol.iterator](); }
}

export const inOrder = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

export class TreeSet extends HashSet {
  sorted(list) { return list.sort(inOrder); }
}

export class Entry {
  #map; #key;
  constructor(map, key) { this.#map = map; this.#key = key; }
  getKey() { return this.#key; }
  getValue() { return this.#map.get(this.#key); }
  setValue(value) { return this.#map.put(this.#key, value); }
  toString() { return `${this.#key}=${shown(this.getValue())}`; }
}
beans(Entry.prototype);

export class HashMap {
  static beans = false;
  /** Entries that cannot be properties, because a method has their name or they are no strings. */
  #odd = new Map();
  constructor(source) { if (source !== undefined && source !== null && typeof source === 'object') this.putAll(source); }
  #isOdd(key) { return typeof key !== 'string' || key === '__proto__' || key in HashMap.prototype || key in this && !Object.hasOwn(this, key); }
  key(key) { return key instanceof String ? String(key) : key; }
  get(given) {
    const key = this.key(given);
    const value = this.#isOdd(key) ? this.#odd.get(key) : this[key];
    return value === undefined ? null : value;
  }
  put(given, value) {
    const key = this.key(given), old = this.get(key);
    if (this.#isOdd(key)) this.#odd.set(key, value); else this[key] = value;
    return old;
  }
  remove(given) {
    const key = this.key(given), old = this.get(key);
    if (this.#isOdd(key)) this.#odd.delete(key); else delete this[key];
    return old;
  }
  containsKey(given) { const key = this.key(given); return this.#isOdd(key) ? this.#odd.has(key) : Object.hasOwn(this, key); }
  containsValue(value) { return this.#keys().some((key) => same(this.get(key), value)); }
  getOrDefault(key, value) { return this.containsKey(key) ? this.get(key) : value; }
  putIfAbsent(key, value) { const old = this.get(key); if (old === null) this.put(key, value); return old; }
  computeIfAbsent(key, make) { if (this.get(key) === null) this.put(key, make(key)); return this.get(key); }
  putAll(source) {
    const map = source[inner] ? source[inner]() : source;
    if (map instanceof HashMap) map.forEach((key, value) => this.put(key, value));
    else for (const key of Object.keys(map)) this.put(key, map[key]);
  }
  #keys() { return this.ordered(Object.keys(this).concat(Array.from(this.#odd.keys()))); }
  ordered(keys) { return keys; }
  keySet() { return new HashSet(this.#keys()); }
  values() { return new ArrayList(this.#keys().map((key) => this.get(key))); }
  entrySet() { return new HashSet(this.#keys().map((key) => new Entry(this, key))); }
  size() { return this.#keys().length; }
  isEmpty() { return this.size() === 0; }
  clear() { for (const key of this.#keys()) this.remove(key); }
  forEach(visit) { for (const key of this.#keys()) visit(key, this.get(key)); }
  equals(other) {
    return other instanceof HashMap && other.size() === this.size()
      && this.#keys().every((key) => other.containsKey(key) && same(this.get(key), other.get(key)));
  }
  toJSON() { const plain = {}; this.forEach((key, value) => define(plain, String(key), value)); return plain; }
  toString() { return `{${this.#keys().map((key) => `${key}=${shown(this.get(key))}`).join(', ')}}`; }
}

export class TreeMap extends HashMap {
  ordered(keys) { return keys.sort(inOrder); }
  firstKey() { return this.keySet().first(); }
}

/** A map whose keys are the same in any case, as those of headers are. */
export class CaseInsensitiveMap extends HashMap {
  key(key) {
    if (Object.hasOwn(this, key)) return key;
    const wanted = String(key).toLowerCase();
    return Object.keys(this).find((own) => own.toLowerCase() === wanted) ?? String(key);
  }
}

/** Sets a property of whatever name, `__proto__` included. */
export function define(target, key, value) {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

const DEPTH_MAX = 64;

/** What Java would make of a JSON value. */
export function fromJson(value) {
  if (Array.isArray(value)) { const list = new ArrayList(); for (const item of value) list.push(fromJson(item)); return list; }
  if (value !== null && typeof value === 'object') {
    const map = new HashMap();
    for (const key of Object.keys(value)) map.put(key, fromJson(value[key]));
    return map;
  }
  return value;
}

/** The plain JSON value of whatever a script made; what is none is left out. */
export function toJson(value, depth = 0) {
  if (depth > DEPTH_MAX) throw new RangeError(`a value is nested more than ${DEPTH_MAX} deep`);
  if (value === null || value === undefined || typeof value === 'function' || typeof value === 'symbol') return null;
  if (typeof value !== 'object') return typeof value === 'bigint' ? Number(value) : value;
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf();
  if (value[inner]) return toJson(value[inner](), depth + 1);
  if (value instanceof Chars) return value.toString();
  if (Object.prototype.toString.call(value) === '[object Date]') return value.getTime();
  if (value instanceof Int8Array || value instanceof Uint8Array) return Array.from(value);
  if (value instanceof HashSet || Array.isArray(value)) return Array.from(value, (item) => toJson(item, depth + 1));
  const plain = {};
  if (value instanceof HashMap) value.forEach((key, item) => define(plain, String(key), toJson(item, depth + 1)));
  else if (isPlain(value)) {
    for (const key of Object.keys(value)) if (value[key] !== undefined) define(plain, key, toJson(value[key], depth + 1));
  } else return String(value);
  return plain;
}

export const isPlain = (value) => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

export class LinkedHashMap extends HashMap {}
export class LinkedHashSet extends HashSet {}
export class LinkedList extends ArrayList {}
