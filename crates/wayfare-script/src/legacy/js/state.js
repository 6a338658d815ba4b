// State: what earlier nodes left, in two maps of which `nodeState` is another view.

import { HashMap } from './collections.js';
import { JsonValue } from './json.js';
import { text } from './text.js';

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Both kinds of state as one, the way the product's newer scripts see it, with values wrapped. */
export class NodeState {
  #shared; #hidden;
  constructor(shared, hidden) { this.#shared = shared; this.#hidden = hidden; }
  get(key) {
    for (const map of [this.#hidden, this.#shared]) {
      const value = map.get(text(key));
      if (value !== null) return new JsonValue(value);
    }
    return null;
  }
  getObject(key) {
    const merged = new HashMap();
    let found = false;
    for (const map of [this.#shared, this.#hidden]) {
      const value = map.get(text(key));
      if (isMap(value)) { merged.putAll(value); found = true; }
    }
    return found ? new JsonValue(merged) : null;
  }
  isDefined(key) { return this.#hidden.containsKey(text(key)) || this.#shared.containsKey(text(key)); }
  keys() { const all = this.#shared.keySet(); all.addAll(this.#hidden.keySet()); return all; }
  putShared(key, value) { this.#shared.put(text(key), value); return this; }
  putTransient(key, value) { this.#hidden.put(text(key), value); return this; }
  mergeShared(object) { return this.#merge(this.#shared, object); }
  mergeTransient(object) { return this.#merge(this.#hidden, object); }
  #merge(into, object) {
    new HashMap(object).forEach((key, value) => {
      const had = into.get(key);
      if (had instanceof HashMap && isMap(value)) had.putAll(value);
      else into.put(key, value);
    });
    return this;
  }
  remove(key) { this.#shared.remove(text(key)); this.#hidden.remove(text(key)); return this; }
}
