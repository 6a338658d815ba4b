export default (function (given, host, expose, exposeLazily) {
'use strict';
const own = Object.prototype.hasOwnProperty, has = (map, key) => own.call(map, key);
const plain = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const string = (value) => (value === null || value === undefined ? null : String(value));

/** A list that is also read as the product's lists are: `get(0)`, `size()`. */
const list = (items) => {
  const extra = { get: (at) => (at >= 0 && at < items.length ? items[at] : null), size: () => items.length, isEmpty: () => items.length === 0, contains: (it) => items.includes(it) };
  for (const name of ['get', 'size', 'isEmpty', 'contains']) Object.defineProperty(items, name, { value: extra[name], enumerable: false, configurable: true, writable: true });
  return items;
};
const MAP = ['get', 'containsKey', 'keySet', 'isEmpty', 'size'];
/** A map that is also read as the product's maps are: `get('key')`. */
const map = (members, find = (key) => (has(members, key) ? members[key] : null)) => {
  const extra = { get: (key) => find(String(key)), containsKey: (key) => find(String(key)) !== null, keySet: () => list(Object.keys(members)), isEmpty: () => Object.keys(members).length === 0, size: () => Object.keys(members).length };
  for (const name of MAP) if (!has(members, name)) Object.defineProperty(members, name, { value: extra[name], enumerable: false, configurable: true, writable: true });
  return members;
};
/** What a client has sent, as such a map: whatever it calls its members, `get` reads them. */
const sentMap = (members, find = (key) => (has(members, key) ? members[key] : null)) => {
  const read = map(Object.fromEntries(Object.entries(members).filter(([name]) => !MAP.includes(name))), find);
  read.keySet = () => list(Object.keys(members)); read.size = () => Object.keys(members).length; read.isEmpty = () => read.size() === 0;
  return read;
};

const { shared, transient } = given;
const copy = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
/** Keeps a value under any key, `__proto__` as well. */
const set = (into, key, value) => { Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true }); };
const merge = (into, object) => {
  if (!plain(object)) throw new TypeError('only an object can be merged into the state');
  for (const key of Object.keys(object)) {
    const before = has(into, key) ? into[key] : null;
    set(into, key, plain(before) && plain(object[key]) ? { ...before, ...copy(object[key]) } : copy(object[key]));
  }
};
const put = (into, key, value) => {
  const kept = copy(value);
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`\`${String(key)}\` cannot be kept in the state`);
  set(into, String(key), kept);
};
/** What every run of the product has in shared state besides, and no script changes. */
const always = { authLevel: given.level, realm: given.realm };
const nodeState = {
  get(key) { for (const scope of [transient, shared, always]) if (has(scope, key)) return copy(scope[key]); return null; },
  getObject(key) {
    const parts = [shared, transient].filter((scope) => has(scope, key) && plain(scope[key])).map((scope) => scope[key]);
    return parts.length === 0 ? null : copy(Object.assign({}, ...parts));
  },
  isDefined: (key) => has(transient, key) || has(shared, key) || has(always, key),
  keys: () => list([...new Set([...Object.keys(shared), ...Object.keys(transient)])]),
  putShared(key, value) { put(shared, key, value); return nodeState; },
  putTransient(key, value) { put(transient, key, value); return nodeState; },
  mergeShared(object) { merge(shared, object); return nodeState; },
  mergeTransient(object) { merge(transient, object); return nodeState; },
  remove(key) { delete shared[key]; delete transient[key]; },
};

const said = { properties: {} };
const minutes = (value) => {
  const count = Number(value);
  if (!(count >= 0)) throw new TypeError('a time is a number of minutes');
  return count;
};
const sets = (name) => (value) => { said[name] = string(value); return action; };
const action = {
  goTo: sets('outcome'),
  putSessionProperty(key, value) { said.properties[String(key)] = string(value); return action; },
  removeSessionProperty(key) { said.properties[String(key)] = null; return action; },
  withMaxSessionTime(time) { said.maxSessionTime = minutes(time); return action; },
  withMaxIdleTime(time) { said.maxIdleTime = minutes(time); return action; },
  withErrorMessage: sets('errorMessage'), withLockoutMessage: sets('lockoutMessage'), withIdentifiedUser: sets('identifiedUser'),
  withIdentifiedAgent: sets('identifiedAgent'), withStage: sets('stage'), withHeader: sets('header'), withDescription: sets('description'),
  suspend(text, logic, time) {
    const within = typeof logic === 'number' && time === undefined ? logic : time;
    said.suspend = { text: string(text) ?? '', within: within === undefined || within === null ? null : minutes(within) * 60000 };
    if (typeof logic === 'function') said.logic = logic;
    return action;
  },
};

const sent = [];
const logged = (format, args) => {
  const given = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
  let at = 0;
  const shown = (it) => (it instanceof Error ? String(it) : plain(it) || Array.isArray(it) ? JSON.stringify(it) : String(it));
  const line = String(format).replace(/\{\}/g, (braces) => (at < given.length ? shown(given[at++]) : braces));
  return given.slice(at).reduce((all, it) => (it instanceof Error ? `${all} ${it}` : all), line);
};
const logger = { getName: () => `scripts.${given.scriptName}` };
for (const [name, level] of [['error', 'error'], ['warn', 'warning'], ['info', 'info'], ['debug', 'debug'], ['trace', 'trace'], ['warning', 'warning'], ['message', 'info']]) {
  logger[name] = (format, ...args) => { host.log(level, logged(format, args)); };
  logger[`is${name[0].toUpperCase()}${name.slice(1)}Enabled`] = () => true;
}

const lists = (source) => Object.fromEntries(Object.keys(source).map((name) => [name, list(source[name])]));
/** Headers: a map of lists whose names are found in any case. */
const folded = (source) => {
  const all = lists(source);
  const find = (key) => { const low = key.toLowerCase(), name = Object.keys(all).find((name) => name.toLowerCase() === low); return name === undefined ? null : all[name]; };
  return new Proxy(sentMap(all, find), {
    get: (on, key) => (typeof key === 'string' && !(key in on) ? find(key) ?? undefined : on[key]),
    has: (on, key) => key in on || (typeof key === 'string' && find(key) !== null),
  });
};

if (given.purpose === 'devices') {
  exposeLazily('deviceProfilesDao', () => ({ getDeviceProfiles: () => list(given.devices.map(({ identifier, alias, data }) => map({ ...data, identifier, alias }))) }));
}

const failed = (what) => () => { throw new Error(what); };
expose('nodeState', nodeState);
expose('action', action);
expose('logger', logger);
expose('realm', given.realm);
expose('scriptName', given.scriptName);
expose('cookieName', given.cookieName);
expose('resumedFromSuspend', given.resumed);
expose('samlApplication', null);
expose('oauthApplication', null);
expose('properties', given.properties ?? {});
exposeLazily('callbacks', () => host.load('callbacks')(given.callbacks, list, map));
exposeLazily('callbacksBuilder', () => host.load('builder')(sent));
exposeLazily('requestHeaders', () => folded(given.headers));
exposeLazily('requestParameters', () => sentMap(lists(given.parameters)));
exposeLazily('requestCookies', () => sentMap(given.cookies));
if (given.session) exposeLazily('existingSession', () => map(given.session));
exposeLazily('idRepository', () => host.load('identity').repository(host, list));
exposeLazily('openidm', () => host.load('identity').openidm(host));
exposeLazily('httpClient', () => host.load('http')(host, map, list));
exposeLazily('utils', () => host.load('utils')(host));
exposeLazily('secrets', () => ({
  getGenericSecret(label) {
    const value = host.secret(String(label));
    if (value === null) throw new Error(`there is no secret \`${label}\` for scripts`);
    return { getAsUtf8: () => value, getAsBytes: () => host.base64({ op: 'decode', data: host.base64({ op: 'encode', data: value }) }) };
  },
}));
exposeLazily('systemEnv', () => ({
  getProperty(name, otherwise, type) {
    const value = host.property(String(name));
    if (value === null) return otherwise === undefined ? null : otherwise;
    const kind = type === undefined || type === null ? '' : String(type.class ?? type.name ?? type);
    if (/Integer|Long|Double|Number|int|number/.test(kind)) return Number(value);
    if (/Boolean|boolean/.test(kind)) return value.toLowerCase() === 'true';
    if (/List|Array/.test(kind)) return list(value.trim().startsWith('[') ? JSON.parse(value) : value.split(','));
    if (/Map|Object|object|Json/.test(kind)) return map(JSON.parse(value));
    return value;
  },
}));
exposeLazily('jwtAssertion', () => ({ generateJwt: (data) => host.jwt({ op: 'generate', data }) }));
exposeLazily('jwtValidator', () => ({ validateJwtClaims(data) { const claims = host.jwt({ op: 'validate', data }); return claims === null ? null : map(claims); } }));
exposeLazily('policy', () => ({ evaluate: failed('policies are not evaluated for scripts here'), evaluateTree: failed('policies are not evaluated for scripts here') }));
exposeLazily('journey', () => ({
  getName: () => given.journey, getJourneyName: () => given.journey, getNodeName: () => given.node, getOutcomes: () => list(given.outcomes.slice()),
}));
exposeLazily('locales', () => ({
  getPreferredLocales: () => list(given.locales.slice()), getPreferredLocale: () => given.locales[0] ?? null,
  getLocalizedMessage(texts, otherwise) {
    const found = given.locales.flatMap((locale) => [locale, locale.split(/[-_]/)[0]]).find((locale) => has(texts, locale));
    return found === undefined ? otherwise ?? texts.en ?? Object.values(texts)[0] ?? null : texts[found];
  },
}));
exposeLazily('cacheManager', () => {
  // A cache that is empty whenever a run begins is one that a script must do without.
  const named = {};
  return { named: (name) => { const kept = (named[name] ??= {}); return {
    get: (key) => (has(kept, key) ? kept[key] : null), put(key, value) { kept[key] = copy(value); return value; },
    remove(key) { delete kept[key]; }, exists: (key) => has(kept, key),
  }; } };
});

return function finished(variables) {
  const { outcome, audit, config } = variables;
  const { logic, ...rest } = said;
  if (rest.suspend && logic) {
    host.delivers(true);
    try { logic('{0}'); } catch (error) { if (error.message !== 'the script waits') throw error; } finally { host.delivers(false); }
  }
  const set = variables.action;
  // Some scripts set the variable to an outcome, as they do with `outcome`.
  const other = set !== action && typeof set === 'string' ? set : null;
  return {
    ...rest, callbacks: sent, shared, transient,
    variable: typeof outcome === 'string' ? outcome : other, audit: audit === undefined ? null : audit, auditType: audit === null ? 'null' : typeof audit,
    config: config === undefined ? null : config,
  };
};
})
