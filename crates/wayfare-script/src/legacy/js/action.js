// Actions: what a script says should happen, built as the product's `Action` is.

import { beans } from './core.js';
import { JavaError, define, items, toJson } from './collections.js';
import { Callback, SuspendedTextOutputCallback, encoded } from './callbacks.js';
import { text } from './text.js';

export const packages = {};

export class Action {
  #said;
  constructor(said) { this.#said = said; }
  /** What an action says, or nothing where the value is none. */
  static of(value) { return value !== null && typeof value === 'object' && #said in value ? value.#said : undefined; }
  static goTo(outcome) { return new ActionBuilder({ outcome: given('an outcome', outcome) }); }
  static send(...callbacks) {
    const sent = callbacks.length === 1 && !Callback.of(callbacks[0]) ? items(callbacks[0]) : callbacks;
    if (sent.length === 0) throw new JavaError('java.lang.IllegalArgumentException', 'Callbacks must not be empty');
    return new ActionBuilder({ callbacks: sent.map(encoded) });
  }
  static suspend(handler, within) {
    if (typeof handler !== 'function') throw new TypeError('Action.suspend takes a function of the address to resume by');
    return new ActionBuilder({ suspend: { handler, within: within === undefined ? null : within.valueOf() } });
  }
  getOutcome() { return this.#said.outcome ?? null; }
  sendingCallbacks() { return this.#said.callbacks !== undefined; }
}

/** The text of what must be given. */
function given(what, value) {
  if (value === null) throw new JavaError('java.lang.NullPointerException', `${what} is missing`);
  return text(value);
}

class ActionBuilder {
  #said;
  constructor(said) { this.#said = { properties: {}, ...said }; }
  #with(name, value) { if (value !== null && value !== undefined && value !== '') this.#said[name] = value; return this; }
  #text(name, value) { return this.#with(name, value === null || value === undefined ? null : text(value)); }
  withStage(stage) { return this.#text('stage', stage); }
  withHeader(header) { return this.#text('header', header); }
  withDescription(description) { return this.#text('description', description); }
  withErrorMessage(message) { return this.#text('errorMessage', message); }
  withLockoutMessage(message) { return this.#text('lockoutMessage', message); }
  withMaxSessionTime(minutes) { return this.#with('maxSessionTime', minutesOf(minutes)); }
  withMaxIdleTime(minutes) { return this.#with('maxIdleTime', minutesOf(minutes)); }
  withIdentifiedIdentity(name) { return this.#text('identifiedUser', typeof name?.getName === 'function' ? name.getName() : name); }
  withIdentifiedUser(name) { return this.withIdentifiedIdentity(name); }
  withUniversalId(id) { return this.#text('identifiedUser', /^(?:id|uid)=([^,]+)/.exec(text(id))?.[1]); }
  putSessionProperty(name, value) {
    define(this.#said.properties, given('the name of a session property', name), given('the value of a session property', value));
    return this;
  }
  removeSessionProperty(name) { define(this.#said.properties, given('the name of a session property', name), null); return this; }
  replaceSharedState(state) { return this.#with('shared', toJson(state)); }
  replaceTransientState(state) { return this.#with('transient', toJson(state)); }
  addNodeType() { return this; }
  addWebhook() { throw notHere('webhooks'); }
  addWebhooks() { throw notHere('webhooks'); }
  addSessionHook() { throw notHere('session hooks'); }
  addSessionHooks() { throw notHere('session hooks'); }
  build() { return new Action(this.#said); }
}
beans(ActionBuilder.prototype);

const notHere = (what) => new JavaError('java.lang.UnsupportedOperationException', `scripts add no ${what} here`);

function minutesOf(value) {
  const minutes = Number(value);
  if (!(minutes >= 0)) throw new JavaError('java.lang.IllegalArgumentException', 'a time is a number of minutes');
  return minutes;
}

packages['org.forgerock.openam.auth.node.api'] = (() => ({ Action, SuspendedTextOutputCallback, 'Action$ActionBuilder': ActionBuilder }));
