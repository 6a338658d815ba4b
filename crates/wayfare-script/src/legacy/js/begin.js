// What a script of the first generation finds when it begins, and what is read from it when it ends.
//
// `sharedState` has `realm` and `authLevel` as in the product, where no node puts them; they are not written back.

import { Java, JavaImporter, delivering, host, hosted, importGlobally, javaPackage, part, partInUse } from './core.js';
import { ArrayList, CaseInsensitiveMap, fromJson, items, shown, toJson } from './collections.js';
import { text } from './text.js';

/** A template with `{}` where its arguments go, as the product's log takes it. */
function logged(template, args) {
  let next = 0;
  const line = text(template).replace(/\{\}/g, (braces) => (next < args.length ? shown(args[next++]) : braces));
  return args.slice(next).reduce((all, arg) => (arg instanceof Error ? `${all} ${arg}` : all), line);
}

const LEVELS = { error: 'error', warning: 'warning', warn: 'warning', message: 'message', info: 'message', debug: 'debug', trace: 'debug' };

function loggerOf(scriptName) {
  const logger = { getName: () => scriptName };
  for (const name of Object.keys(LEVELS)) {
    logger[name] = (template, ...args) => { host.log(LEVELS[name], logged(template, args)); };
    logger[`${name}Enabled`] = () => true;
    logger[`is${name[0].toUpperCase()}${name.slice(1)}Enabled`] = () => true;
  }
  return logger;
}

function multimap(source) {
  const map = new CaseInsensitiveMap();
  for (const name of Object.keys(source)) map.put(name, new ArrayList(source[name]));
  return map;
}

/** The values of whatever `for each` goes through. */
const valuesOf = (source) => (source === null || source === undefined ? [] : items(source));

/** Makes everything that scripts see, and gives the function that reads what one has said. */
export function begin(given, by, expose, exposeLazily) {
  hosted(by, expose);
  for (const root of ['org', 'com', 'java', 'javax', 'edu', 'net']) exposeLazily(root, () => javaPackage(root));
  exposeLazily('Packages', () => javaPackage(''));
  expose('JavaImporter', JavaImporter);
  expose('importClass', importGlobally);
  expose('importPackage', importGlobally);
  expose('Java', Java);
  expose('$valuesOf', valuesOf);
  const shared = fromJson(given.shared), hidden = fromJson(given.transient);
  const always = Object.entries({ realm: given.realm, authLevel: given.level }).filter(([key]) => !shared.containsKey(key));
  for (const [key, value] of always) shared.put(key, value);
  const compares = given.purpose === 'devices';
  expose('sharedState', compares ? new (part('json').JsonValue)(shared) : shared);
  expose('transientState', hidden);
  exposeLazily('nodeState', () => new (part('state').NodeState)(shared, hidden));
  exposeLazily('callbacks', () => new ArrayList(given.callbacks.map(part('callbacks').revived)));
  exposeLazily('requestHeaders', () => multimap(given.headers));
  exposeLazily('requestParameters', () => multimap(given.parameters));
  if (given.session) exposeLazily('existingSession', () => fromJson(given.session));
  exposeLazily('logger', () => loggerOf(given.scriptName));
  exposeLazily('httpClient', () => part('http').httpClient());
  for (const name of ['idRepository', 'secrets', 'systemEnv']) exposeLazily(name, () => part('outside')[name]());
  if (compares) exposeLazily('deviceProfilesDao', () => part('outside').deviceProfilesDao(given.devices));
  if (Object.keys(given.properties).length > 0) expose('properties', fromJson(given.properties));
  expose('realm', given.realm);
  expose('scriptName', given.scriptName);
  expose('resumedFromSuspend', given.resumed);
  for (const name of ['action', 'outcome', 'auditEntryDetail', 'config']) expose(name, undefined);
  return (variables) => said(variables, shared, hidden, always);
}

/** Reads what a script has said. */
function said(variables, shared, hidden, always) {
  const { action, outcome, audit, config } = variables;
  const acts = partInUse('action')?.Action.of(action) ?? {};
  if (acts.shared) replace(shared, acts.shared);
  if (acts.transient) replace(hidden, acts.transient);
  for (const [key, value] of always) if (shared.get(key) === value) shared.remove(key);
  const variable = outcome instanceof String ? String(outcome) : outcome;
  return {
    ...acts,
    suspend: acts.suspend ? suspended(acts.suspend) : null,
    variable: typeof variable === 'string' ? variable : null,
    shared: toJson(shared), transient: toJson(hidden),
    auditType: audit === null ? 'null' : typeof audit,
    config: config === undefined ? null : toJson(config),
  };
}

/** What a suspension shows: its function is called with what the host puts the address in place of. */
function suspended({ handler, within }) {
  const { Callback, encoded } = part('callbacks'), { URI } = part('lang');
  const sent = delivering(() => handler(new URI('{0}')));
  const list = sent === undefined || sent === null ? [] : Callback.of(sent) ? [sent] : items(sent);
  return { callbacks: list.map(encoded), within };
}

function replace(state, plain) {
  state.clear();
  state.putAll(fromJson(plain));
}
