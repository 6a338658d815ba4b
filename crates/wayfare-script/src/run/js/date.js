(function (Native, now, set) {
'use strict';
// A day is the same everywhere: the zone is UTC, and the time is that of the visit.
const day = (text) => {
  const found = Native.parse(text);
  if (typeof text !== 'string' || /(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\s*(?:\([^)]*\))?\s*$/i.test(text) || /^[+-]?\d{4,6}(-\d\d){0,2}$/.test(text)) return found;
  const read = new Native(found);
  return Native.UTC(local.FullYear.call(read), local.Month.call(read), local.Date.call(read), local.Hours.call(read),
    local.Minutes.call(read), local.Seconds.call(read), local.Milliseconds.call(read));
};
const { prototype } = Native;
const local = {};
for (const part of ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) local[part] = prototype[`get${part}`];
const show = prototype.toUTCString;
function Date(...parts) {
  if (!new.target) return new Date().toString();
  let made;
  if (parts.length === 0) made = new Native(now);
  else if (parts.length === 1) made = new Native(typeof parts[0] === 'string' ? day(parts[0]) : parts[0]);
  else made = new Native(Native.UTC(...parts));
  return Object.setPrototypeOf(made, new.target.prototype);
}
Object.defineProperty(Date, 'prototype', { value: prototype, writable: false });
set(Date, 'now', () => now);
set(Date, 'parse', (text) => day(String(text)));
set(Date, 'UTC', Native.UTC);
set(prototype, 'constructor', Date);
for (const part of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
  set(prototype, `get${part}`, prototype[`getUTC${part}`]);
  if (prototype[`set${part}`]) set(prototype, `set${part}`, prototype[`setUTC${part}`]);
}
const pad = (n) => String(n).padStart(2, '0');
set(prototype, 'getTimezoneOffset', () => 0);
set(prototype, 'getYear', function () { return this.getUTCFullYear() - 1900; });
set(prototype, 'toString', function () { return isNaN(this) ? 'Invalid Date' : show.call(this).replace(/^(\w+), (\d+) (\w+) (\d+) (.*) GMT$/, '$1 $3 $2 $4 $5 GMT+0000 (UTC)'); });
set(prototype, 'toDateString', function () { return this.toString().slice(0, 15); });
set(prototype, 'toTimeString', function () { return this.toString().slice(16); });
set(prototype, 'toLocaleDateString', function () { return `${this.getUTCMonth() + 1}/${this.getUTCDate()}/${this.getUTCFullYear()}`; });
set(prototype, 'toLocaleTimeString', function () { const h = this.getUTCHours(); return `${h % 12 || 12}:${pad(this.getUTCMinutes())}:${pad(this.getUTCSeconds())} ${h < 12 ? 'AM' : 'PM'}`; });
set(prototype, 'toLocaleString', function () { return `${this.toLocaleDateString()}, ${this.toLocaleTimeString()}`; });
set(prototype, Symbol.toPrimitive, function (hint) { return hint === 'number' ? this.getTime() : this.toString(); });
return Date;
})
