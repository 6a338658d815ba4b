// What scripts ask of the world beside HTTP: identities, secrets and the properties of the deployment.

import { beans, host, named } from './core.js';
import { ArrayList, HashMap, HashSet, JavaError, fromJson, texts } from './collections.js';
import { JsonValue } from './json.js';
import { parsed } from './lang.js';
import { text, toUtf8 } from './text.js';

/** Asks the host something about an identity. */
const asked = (what) => host.identity(what);
const read = (user, attribute) => asked({ op: 'get', user: text(user), attribute: text(attribute) });
const write = (user, attribute, values) => asked({ op: 'set', user: text(user), attribute: text(attribute), values });

/** An identity, whose changes are kept when it is stored. */
class ScriptedIdentity {
  #name; #writes = new HashMap();
  constructor(name) { this.#name = text(name); }
  getName() { return this.#name; }
  getUniversalId() { return this.#name; }
  isExists() { return true; }
  exists() { return true; }
  getAttribute(name) { return new HashSet(read(this.#name, name)); }
  getAttributeValues(name) { return new ArrayList(read(this.#name, name)); }
  setAttribute(name, values) { this.#writes.put(text(name), texts(values)); }
  addAttribute(name, value) { this.#writes.put(text(name), read(this.#name, name).concat(text(value))); }
  store() {
    this.#writes.forEach((attribute, values) => write(this.#name, attribute, values));
    this.#writes.clear();
    return true;
  }
}

beans(ScriptedIdentity.prototype);

export const idRepository = () => ({
  getAttribute: (user, attribute) => new HashSet(read(user, attribute)),
  setAttribute(user, attribute, values) { write(user, attribute, texts(values)); },
  addAttribute(user, attribute, value) { write(user, attribute, read(user, attribute).concat(text(value))); },
  getIdentity,
});

const getIdentity = (user) => (asked({ op: 'exists', user: text(user) }) ? new ScriptedIdentity(user) : null);

/** The classes by which older scripts come to the same identities; realms other than the run's are not asked. */
export const packages = {
  'com.sun.identity.idm': () => ({
    IdUtils: { getIdentity }, AMIdentity: ScriptedIdentity, IdType: { USER: 'user', GROUP: 'group', ROLE: 'role', AGENT: 'agent' },
  }),
  'org.forgerock.openam.core': () => ({ CoreWrapper: class { getIdentity(user) { return getIdentity(user); } } }),
};

export const secrets = () => ({
  getGenericSecret(label) {
    const value = host.secret(text(label));
    if (value === null) throw new JavaError('org.forgerock.secrets.NoSuchSecretException', `there is no secret ${text(label)} for scripts`);
    return { getAsUtf8: () => value, getAsBytes: () => toUtf8(value) };
  },
});

export const systemEnv = () => ({
  getProperty(name, otherwise, type) {
    const value = host.property(text(name));
    if (value === null) return otherwise === undefined ? null : otherwise;
    if (type === undefined) return value;
    const kind = named.get(type)?.name ?? text(type);
    if (/Integer|Long|Double|Number/.test(kind)) return parsed(value);
    if (/Boolean/.test(kind)) return value.toLowerCase() === 'true';
    return /List|Map|JsonValue/.test(kind) ? fromJson(JSON.parse(value)) : value;
  },
});

/** The device profiles that a script of a `DeviceMatch` compares. */
export const deviceProfilesDao = (devices) => ({
  getDeviceProfiles: () => new ArrayList(devices.map(({ identifier, alias, data }) => new JsonValue(fromJson({ ...data, identifier, alias })))),
  saveDeviceProfiles() { throw new JavaError('java.lang.UnsupportedOperationException', 'device profiles are saved by nodes, not by scripts'); },
});
