export default (function (raw) {
'use strict';
const { apply, getPrototypeOf, ownKeys } = Reflect;
const define = Object.defineProperty, from = Array.from;

// What runs in the engine's own code is not counted there; burning steps for it keeps the bounds exact.
const burn = (work) => { for (let left = work / 128; left >= 1; left--); };
const size = (it) => { const n = it === null || it === undefined ? 0 : Number(it.length); return n > 0 ? n : 0; };
const set = (on, name, value) => define(on, name, { value, writable: true, configurable: true, enumerable: false });
// What is looked at twice may be another the second time: a text becomes one before anything is charged, and a
// list whose length is not a plain number of its own is copied, turn by turn.
const describe = Object.getOwnPropertyDescriptor;
const word = (it) => (it === null || it === undefined || typeof it === 'string' ? it : String(it));
const proxies = new WeakSet(), { add, has } = WeakSet.prototype;
const noted = (made) => { apply(add, proxies, [made]); return made; };
const { Proxy: Stranger } = globalThis;
const Proxied = function Proxy(target, handler) {
  if (!new.target) throw new TypeError('a proxy is made by `new`');
  return noted(new Stranger(target, handler));
};
define(Proxied, 'prototype', { value: undefined, writable: false });
set(Proxied, 'revocable', (target, handler) => { const made = Stranger.revocable(target, handler); noted(made.proxy); return made; });
set(globalThis, 'Proxy', Proxied);
const steady = (it) => {
  if (it === null || it === undefined || typeof it === 'string') return true;
  if ((typeof it !== 'object' && typeof it !== 'function') || apply(has, proxies, [it])) return false;
  const own = describe(it, 'length');
  return own !== undefined && typeof own.value === 'number';
};
const settled = (it) => {
  if (steady(it)) return it;
  const on = Object(it), count = size(on), copy = [];
  for (let at = 0; at < count; at++) if (at in on) define(copy, at, { value: on[at], writable: true, configurable: true, enumerable: true });
  copy.length = Math.trunc(count);
  return copy;
};
const unmoved = (it) => {
  if (!steady(it)) throw new TypeError('a list that has no length of its own is not changed in place here');
  return it;
};
const wrap = (on, names, cost, ready = (it) => it, first = (it) => it) => {
  for (const name of names) {
    const native = on[name];
    if (typeof native !== 'function') continue;
    set(on, name, { [name](...args) {
      const it = ready(this);
      if (args.length > 0) args[0] = first(args[0]);
      burn(cost(it, args));
      return apply(native, it, args);
    } }[name]);
  }
};
const list = Array.prototype, typed = getPrototypeOf(Int8Array.prototype);
const cost = (it, args) => size(it) + size(args[0]);
// The engine itself looks at the bounds in `forEach`, `map`, `find` and their like.
wrap(list, ['indexOf', 'lastIndexOf', 'includes', 'join', 'slice', 'toReversed', 'toSpliced', 'with', 'toLocaleString'], cost, settled);
wrap(list, ['reverse', 'fill', 'copyWithin', 'splice', 'shift', 'unshift'], cost, unmoved);
const length = describe(typed, 'length').get;
const cells = (it) => apply(length, it, []);
wrap(typed, ['indexOf', 'lastIndexOf', 'includes', 'join', 'reverse', 'fill', 'copyWithin', 'slice', 'toReversed', 'with', 'set',
  'toLocaleString'], (it, args) => cells(it) + size(args[0]));
wrap(typed, ['sort', 'toSorted'], (it) => cells(it) * 32);
set(list, 'concat', function concat(...all) {
  const made = [];
  let count = 0;
  const put = (value) => define(made, count, { value, writable: true, configurable: true, enumerable: true });
  for (let turn = -1; turn < all.length; turn++) {
    const it = turn < 0 ? Object(this) : all[turn];
    const spreads = it !== null && (typeof it === 'object' || typeof it === 'function') && (it[Symbol.isConcatSpreadable] ?? Array.isArray(it));
    if (!spreads) { put(it); count++; continue; }
    const more = size(it);
    for (let at = 0; at < more; at++, count++) if (at in it) put(it[at]);
  }
  made.length = count;
  return made;
});
// Of itself the engine goes through lists for `new Set` and its like without a look at the bounds.
const pass = getPrototypeOf([].values()), { next: step } = pass;
set(pass, 'next', function next() { return apply(step, this, []); });

const text = String.prototype;
wrap(text, ['indexOf', 'lastIndexOf', 'includes', 'startsWith', 'endsWith'], (it, [a]) => size(it) * (1 + size(a) / 16), word,
  (a) => (a instanceof RegExp ? a : word(a)));
wrap(text, ['normalize', 'toUpperCase', 'toLowerCase', 'toLocaleUpperCase', 'toLocaleLowerCase', 'concat', 'trim', 'trimStart', 'trimEnd',
  'trimLeft', 'trimRight', 'slice', 'substring', 'substr', 'isWellFormed', 'toWellFormed'], (it) => size(it) * 4, word);
wrap(text, ['localeCompare'], (it) => size(it) * 4, word, word);
wrap(text, ['repeat'], (it, [n]) => size(it) * n, word, Number);
wrap(text, ['padStart', 'padEnd'], (_, [n]) => n, word, Number);
set(String, 'raw', function raw(strings, ...values) {
  const { raw: parts } = strings, count = size(parts);
  let out = '';
  for (let at = 0; at < count; at++) out += `${parts[at]}${at + 1 < count && at < values.length ? values[at] : ''}`;
  return out;
});
const searches = [['split', Symbol.split], ['replace', Symbol.replace], ['replaceAll', Symbol.replace], ['match', Symbol.match],
  ['matchAll', Symbol.matchAll], ['search', Symbol.search]];
for (const [name, symbol] of searches) {
  const native = text[name];
  set(text, name, { [name](by, how) {
    const it = word(this);
    const own = it !== null && it !== undefined && by !== null && typeof by === 'object' ? by[symbol] : undefined;
    if (own !== undefined && own !== null) {
      if (/All$/.test(name) && by instanceof RegExp && !by.global) throw new TypeError('regexp must have the \'g\' flag');
      return apply(own, by, [it, how]);
    }
    const plain = word(by);
    burn(size(it) * (typeof plain === 'string' ? 1 + plain.length / 16 : 8));
    return apply(native, it, [plain, how]);
  } }[name]);
}
wrap(RegExp.prototype, searches.map(([, symbol]) => symbol), (_, [it]) => size(it) * 8, undefined, word);
wrap(JSON, ['parse'], (_, [it]) => size(it) * 4, undefined, word);
wrap(globalThis, ['encodeURIComponent', 'encodeURI', 'decodeURIComponent', 'decodeURI', 'escape', 'unescape', 'parseInt', 'parseFloat'], (_, [it]) => size(it), undefined, word);
const after = (on, names) => {
  for (const name of names) {
    const native = on[name];
    set(on, name, { [name](...args) {
      let done;
      try { done = apply(native, this, args); } catch (error) { burn(1e9); throw error; }
      burn(size(done) * 8);
      return done;
    } }[name]);
  }
};
after(JSON, ['stringify']);
after(Object, ['keys', 'values', 'entries', 'getOwnPropertyNames', 'getOwnPropertyDescriptors']);
after(Array, ['from', 'of']);
const byText = (a, b) => { const x = String(a), y = String(b); burn(Math.min(x.length, y.length)); return x < y ? -1 : x > y ? 1 : 0; };
for (const name of ['sort', 'toSorted']) {
  const native = Array.prototype[name];
  set(Array.prototype, name, { [name](by) {
    const it = name === 'sort' ? unmoved(this) : settled(this);
    burn(size(it));
    return apply(native, it, [by === undefined ? byText : by]);
  } }[name]);
}
const flat = (into, list, depth) => {
  const count = size(list);
  for (let at = 0; at < count; at++) {
    if (!(at in list)) continue;
    const it = list[at];
    if (depth >= 1 && Array.isArray(it)) flat(into, it, depth - 1); else into.push(it);
  }
  return into;
};
set(Array.prototype, 'flat', function flat_(depth = 1) { return flat([], this, Number(depth)); });
set(Array.prototype, 'flatMap', function flatMap(by, on) { return flat([], from(this, (it, at) => apply(by, on, [it, at, this])), 1); });

// Text is not code here, and there is no clock, no thread and no arithmetic without bounds.
const no = function Function() { throw new TypeError('text is not run as code here'); };
for (const made of [function () {}, function* () {}, async function () {}, async function* () {}]) {
  const proto = getPrototypeOf(made);
  define(proto, 'constructor', { value: no, writable: false, configurable: false });
}
define(no, 'prototype', { value: getPrototypeOf(function () {}), writable: false });
set(globalThis, 'Function', no);
for (const name of ['eval', 'BigInt', 'BigInt64Array', 'BigUint64Array', 'Atomics', 'SharedArrayBuffer', 'WeakRef', 'FinalizationRegistry',
  'performance', 'queueMicrotask', 'navigator']) delete globalThis[name];
for (const name of ownKeys(DataView.prototype)) if (/Big/.test(String(name))) delete DataView.prototype[name];
set(Math, 'random', raw.number);

const expose = (name, value) => set(globalThis, name, value);
const exposeLazily = (name, make) => define(globalThis, name, {
  configurable: true, enumerable: false,
  get() { const made = make(); set(globalThis, name, made); return made; },
  set(value) { define(globalThis, name, { value, writable: true, configurable: true, enumerable: true }); },
});
const Native = Date;
exposeLazily('Date', () => raw.load('date')(Native, raw.now, set));

const { call } = raw;
const numbers = (bytes) => (ArrayBuffer.isView(bytes) ? from(bytes) : bytes);
const host = {
  now: raw.now,
  load: raw.load,
  delivers: raw.delivers,
  log: (level, line) => call('log', String(level), String(line)),
  secret: (label) => call('secret', label),
  property: (name) => call('property', name),
  random: (count) => call('random', count),
  fetch: (request) => call('fetch', request),
  identity: (request) => call('identity', request),
  openidm: (request) => call('openidm', request),
  digest: (name, data) => call('digest', name, numbers(data)),
  hmac: (name, key, data) => call('hmac', name, numbers(key), numbers(data)),
  crypto: (request) => call('crypto', request),
  base64: (request) => call('base64', request),
  jwt: (request) => call('jwt', request),
};
return { host, expose, exposeLazily };
})
