// `JsonValue`: the product's JSON value.

import { ArrayList, Entry, HashMap, HashSet, JavaError, JavaIterator, LinkedHashMap, define, fromJson, inner, items, toJson } from './collections.js';

/** The product's JSON value: whatever it is, wrapped, with ways to ask what it is. */
export class JsonValue {
  #value;
  constructor(value) { this.#value = value instanceof JsonValue ? value.getObject() : value ?? null; }
  static json(value) { return new JsonValue(value); }
  static object(...fields) {
    const map = new LinkedHashMap();
    for (const field of fields) if (field) map.put(field.getKey(), field.getValue());
    return map;
  }
  static field(key, value) { const map = new HashMap(); map.put(key, value); return new Entry(map, key); }
  static fieldIfNotNull(key, value) { return value === null || value === undefined ? null : JsonValue.field(key, value); }
  static array(...list) { return new ArrayList(list); }
  getObject() { return this.#value; }
  [inner]() { return this.#value; }
  setObject(value) { this.#value = value ?? null; return this; }
  getValue() { return this.#value; }
  isNull() { return this.#value === null; }
  isNotNull() { return this.#value !== null; }
  isString() { return typeof this.#value === 'string' || this.#value instanceof String; }
  isNumber() { return typeof this.#value === 'number'; }
  isBoolean() { return typeof this.#value === 'boolean'; }
  isList() { return Array.isArray(this.#value); }
  isSet() { return this.#value instanceof HashSet; }
  isCollection() { return this.isList() || this.isSet(); }
  isMap() { return this.#value !== null && typeof this.#value === 'object' && !this.isCollection() && !this.isString(); }
  #as(is, what, value = this.#value) {
    if (this.#value === null) return null;
    if (!is) throw new JavaError('org.forgerock.json.JsonValueException', `expecting ${what}`);
    return value;
  }
  asString() { return this.#as(this.isString(), 'a string', String(this.#value)); }
  asNumber() { return this.#as(this.isNumber(), 'a number'); }
  asInteger() { return this.#as(this.isNumber(), 'a number', Math.trunc(this.#value)); }
  asLong() { return this.asInteger(); }
  asDouble() { return this.asNumber(); }
  asBoolean() { return this.#as(this.isBoolean(), 'a boolean'); }
  asList() { return this.#as(this.isList(), 'a list'); }
  asSet() { return this.#as(this.isCollection(), 'a collection', this.isCollection() ? new HashSet(this.#value) : null); }
  asCollection() { return this.#as(this.isCollection(), 'a collection'); }
  asMap() { return this.#as(this.isMap(), 'a map', this.#value instanceof HashMap ? this.#value : this.isMap() ? new HashMap(this.#value) : null); }
  isDefined(key) { return this.isMap() ? this.#map().containsKey(key) : this.isList() && Number(key) < this.#value.length; }
  contains(item) { return this.isMap() ? this.#map().containsValue(item) : this.isCollection() && this.#value.contains(item); }
  #map() { return this.#value instanceof HashMap ? this.#value : new HashMap(this.#value); }
  get(key) {
    if (this.isList()) return new JsonValue(this.#value[Number(key)]);
    if (!this.isMap()) return new JsonValue(null);
    const path = String(key).split('/');
    if (typeof key !== 'number' && path.length > 1 && path[0] === '') {
      return path.slice(1).reduce((value, part) => value.get(part), this);
    }
    return new JsonValue(this.#map().get(key));
  }
  put(key, given) {
    const value = given instanceof JsonValue ? given.getObject() : given;
    if (this.#value instanceof HashMap) this.#value.put(key, value);
    else if (this.isList()) this.#value.splice(Number(key), 0, value);
    else if (this.isMap()) define(this.#value, String(key), value);
    else throw new JavaError('org.forgerock.json.JsonValueException', 'expecting a map or a list');
    return this;
  }
  putPermissive(key, value) { return this.put(String(key).replace(/^\//, ''), value); }
  add(...args) { if (args.length > 1) return this.put(...args); this.#value.push(args[0]); return this; }
  remove(key) {
    if (this.#value instanceof HashMap) this.#value.remove(key);
    else if (this.isList()) this.#value.splice(Number(key), 1);
    else if (this.isMap()) delete this.#value[key];
  }
  clear() { if (this.isMap()) for (const key of this.keys()) this.remove(key); }
  keys() { return this.isMap() ? this.#map().keySet() : new HashSet(this.isList() ? Array.from(this.#value.keys()) : []); }
  keySet() { return this.keys(); }
  size() { return this.isMap() ? this.#map().size() : this.isCollection() ? items(this.#value).length : 0; }
  isEmpty() { return this.size() === 0; }
  defaultTo(value) { return this.#value === null ? new JsonValue(value) : this; }
  required() {
    if (this.#value === null) throw new JavaError('org.forgerock.json.JsonValueException', 'expecting a value');
    return this;
  }
  expect() { return this; }
  copy() { return new JsonValue(fromJson(toJson(this.#value))); }
  clone() { return this.copy(); }
  iterator() { return new JavaIterator(items(this.#value).map((item) => new JsonValue(item))); }
  [Symbol.iterator]() { return this.iterator()[Symbol.iterator](); }
  toJSON() { return toJson(this.#value); }
  toString() { return spaced(toJson(this.#value)); }
}

/** JSON as the product writes it into a text. */
function spaced(value) {
  if (Array.isArray(value)) return value.length ? `[ ${value.map(spaced).join(', ')} ]` : '[ ]';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const keys = Object.keys(value);
  return keys.length ? `{ ${keys.map((key) => `${JSON.stringify(key)}: ${spaced(value[key])}`).join(', ')} }` : '{ }';
}

export const packages = { 'org.forgerock.json': () => ({ JsonValue }) };
