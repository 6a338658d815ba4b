({
repository(host, list) {
  'use strict';
  const items = (value) => (Array.isArray(value) ? value.map(String) : value === null || value === undefined ? [] : [String(value)]);
  class ScriptedIdentity {
    #name; #writes = {};
    constructor(name) { this.#name = String(name); }
    getName() { return this.#name; }
    getUniversalId() { return this.#name; }
    exists() { return host.identity({ op: 'exists', user: this.#name }); }
    getAttributeValues(name) {
      const written = this.#writes[name];
      return list(written ? written.slice() : host.identity({ op: 'get', user: this.#name, attribute: String(name) }));
    }
    setAttribute(name, values) { this.#writes[name] = items(values); }
    addAttribute(name, value) { this.#writes[name] = [...this.getAttributeValues(name), ...items(value)]; }
    store() {
      if (Object.keys(this.#writes).length === 0) return;
      host.identity({ op: 'store', user: this.#name, attributes: this.#writes });
      this.#writes = {};
    }
  }
  return { getIdentity: (name) => new ScriptedIdentity(name) };
},
openidm(host) {
  'use strict';
  const ask = (op, resource, more) => host.openidm({ op, resource: String(resource), ...more });
  return {
    read: (resource, params, fields) => ask('read', resource, { params, fields: fields ?? [] }),
    query: (resource, params, fields) => ask('query', resource, { params: params ?? {}, fields: fields ?? [] }),
    create: (resource, id, content, params, fields) => ask('create', resource, { id, content, params, fields: fields ?? [] }),
    update: (resource, rev, content, params, fields) => ask('update', resource, { rev, content, params, fields: fields ?? [] }),
    patch: (resource, rev, content, params, fields) => ask('patch', resource, { rev, content, params, fields: fields ?? [] }),
    delete: (resource, rev, params, fields) => ask('delete', resource, { rev, params, fields: fields ?? [] }),
    action: (resource, action, content, params, fields) => ask('action', resource, { action: String(action), content: content ?? {}, params, fields: fields ?? [] }),
  };
},
})
