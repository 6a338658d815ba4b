// Names: how a script of the first generation comes to a Java class.
//
// Every class that a script can name is a class of this shim, declared under its package. There is nothing
// behind them: no host object, no reflection. What is not declared can be imported and fails when it is used,
// as in the product, where most scripts import more than they use.

/** The file that has the classes of a package. */
const FILES = {
  __proto__: null,
  'java.lang': 'lang', 'java.util': 'util', 'java.util.regex': 'util', 'java.util.concurrent': 'util', 'java.net': 'lang',
  'java.nio.charset': 'lang', 'java.lang.reflect': 'lang', 'java.text': 'time', 'java.time': 'time', 'java.time.temporal': 'time', 'java.time.format': 'time',
  'java.security': 'jose', 'javax.crypto': 'jose', 'javax.crypto.spec': 'jose', 'javax.security.auth.callback': 'callbacks',
  'com.sun.identity.authentication.callbacks': 'callbacks', 'com.sun.identity.authentication.spi': 'callbacks',
  'org.forgerock.openam.authentication.callbacks': 'callbacks', 'org.forgerock.openam.auth.node.api': 'action',
  'org.forgerock.json': 'json', 'org.forgerock.util.encode': 'lang', 'org.forgerock.http': 'http', 'org.forgerock.http.protocol': 'http',
  'org.forgerock.http.header': 'http', 'org.forgerock.util.promise': 'http', 'org.forgerock.openam.shared.security': 'jose',
  'org.forgerock.json.jose.builders': 'jose', 'org.forgerock.json.jose.common': 'jose', 'org.forgerock.json.jose.jwt': 'jose',
  'org.forgerock.json.jose.jws': 'jose', 'org.forgerock.json.jose.jws.handlers': 'jose', 'org.forgerock.secrets': 'jose',
  'org.forgerock.secrets.keys': 'jose', 'com.sun.identity.idm': 'outside', 'org.forgerock.openam.core': 'outside',
};
const loaded = Object.create(null);
/** What stands behind a name: {name, package: true} or {name, class: true}. */
export const named = new WeakMap();

/** What the script can ask of the world; set once, before it begins. */
export let host;

let expose;

/** Says by what the world is asked, and how a script is shown something. */
export function hosted(by, how) { host = by; expose = how; }

let delivers = false;
/** Runs what a link is sent by: what it asks for is done later, and there is no answer to wait for. */
export function delivering(run) {
  delivers = true;
  host.delivers(true);
  try { return run(); } finally { delivers = false; host.delivers(false); }
}
/** Whether the answer to a request is not waited for. */
export const isDelivering = () => delivers;

const parts = Object.create(null);
/** A file of this shim, read when it is first needed. */
export const part = (name) => (parts[name] ??= host.load(name));
/** The file where it was needed before, or nothing. */
export const partInUse = (name) => parts[name];

/** The classes of a package by their simple names, or nothing. */
function classesOf(name) {
  if (loaded[name] || !FILES[name]) return loaded[name];
  const classes = (loaded[name] = Object.create(null));
  const made = part(FILES[name]).packages[name]();
  for (const simple of Object.keys(made)) classes[simple] = callable(`${name}.${simple}`, made[simple]);
  return classes;
}

/** The class of this full name, or nothing. */
function classNamed(full) {
  const dot = full.lastIndexOf('.');
  const classes = dot > 0 ? classesOf(full.slice(0, dot)) : undefined;
  return classes && classes[full.slice(dot + 1)];
}

/** A class that can be called without `new`, and whose getters can be read as properties. */
function callable(full, cls) {
  if (named.has(cls)) return cls;
  let made = cls;
  if (typeof cls === 'function' && cls.prototype && cls.callable !== true) {
    if (cls.beans !== false) beans(cls.prototype);
    made = new Proxy(cls, {
      apply: (target, _, args) => new target(...args),
    });
  }
  if (typeof made === 'object' || typeof made === 'function') named.set(made, { name: full, class: true });
  return made;
}

/** Makes `getX()`, `isX()` and `setX(v)` of a prototype readable and writable as the property `x`. */
export function beans(prototype) {
  const own = Object.getOwnPropertyNames(prototype);
  for (const name of own) {
    const match = /^(?:get|is)([A-Z]\w*)$/.exec(name);
    if (!match || prototype[name].length > 0) continue;
    const property = match[1][0].toLowerCase() + match[1].slice(1);
    if (property in prototype) continue;
    const set = `set${match[1]}`;
    Object.defineProperty(prototype, property, {
      configurable: true,
      get() { return this[name](); },
      set(value) { if (typeof this[set] === 'function') this[set](value); },
    });
  }
}

export class UnknownClass extends TypeError {
  constructor(full) {
    super(`java class ${full} is not available to scripts here`);
  }
}
Object.defineProperty(UnknownClass.prototype, 'name', { value: 'UnknownClass' });

/** The name of the class in a longer name: up to the first part that begins with a capital. */
function classPart(full) {
  const parts = full.split('.');
  const at = parts.findIndex((part) => /^[A-Z]/.test(part));
  return at < 0 ? full : parts.slice(0, at + 1).join('.');
}

/** A package, or a class that is not there: which of the two shows when it is used. */
export function javaPackage(name) {
  const known = Object.create(null);
  const pack = new Proxy(function () {}, {
    get(target, key) {
      if (key === 'prototype') return target.prototype;
      if (key === Symbol.toPrimitive || key === 'toString') return () => `[JavaPackage ${name}]`;
      if (typeof key !== 'string') return undefined;
      const full = name ? `${name}.${key}` : key;
      return (known[full] ??= classNamed(full) ?? javaPackage(full));
    },
    has: () => true,
    set() { throw new TypeError(`${name} cannot be written to`); },
    apply() { throw new UnknownClass(classPart(name)); },
    construct() { throw new UnknownClass(classPart(name)); },
  });
  named.set(pack, { name, package: true });
  return pack;
}

/** Copies what an argument of an import names to `target`; classes that `target` has already are left. */
function importInto(target, packages, thing) {
  const what = thing !== null && (typeof thing === 'object' || typeof thing === 'function') && named.get(thing);
  if (!what) throw new TypeError('only java classes and packages can be imported');
  const simple = what.name.slice(what.name.lastIndexOf('.') + 1);
  if (what.class || /^[A-Z]/.test(simple)) {
    target[simple] = thing;
    return;
  }
  packages.push(what.name);
  const classes = classesOf(what.name) ?? {};
  for (const name of Object.keys(classes)) if (!(name in target)) target[name] = classes[name];
}

/** `JavaImporter(…)`: the scope of a `with`, or an object to name classes by. */
export function JavaImporter(...things) {
  const target = Object.create(null);
  const packages = [];
  for (const thing of things) importInto(target, packages, thing);
  const importer = (name) => (...more) => { for (const thing of more) importInto(name, packages, thing); };
  target.importClass = importer(target);
  target.importPackage = target.importClass;
  return new Proxy(target, {
    get(classes, key) {
      if (key in classes || typeof key !== 'string' || !/^[A-Z]/.test(key)) return classes[key];
      throw new UnknownClass(packages.length === 1 ? `${packages[0]}.${key}` : `${key} (not imported)`);
    },
  });
}
JavaImporter.callable = true;

/** `importClass` and `importPackage` of the global scope, which never hide what JavaScript has. */
export function importGlobally(...things) {
  const target = Object.create(null);
  for (const thing of things) importInto(target, [], thing);
  for (const name of Object.keys(target)) if (!(name in globalThis)) expose(name, target[name]);
}

/** `Java` as scripts of Nashorn know it. */
export const Java = {
  type(full) {
    const found = classNamed(String(full));
    if (!found) throw new UnknownClass(String(full));
    return found;
  },
  from: (list) => Array.from(list),
  to: (list) => Array.from(list),
};
