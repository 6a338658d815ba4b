// Dates: java.util.Date and Calendar, java.text.SimpleDateFormat and what of java.time scripts use, in UTC.

import { JavaError } from './collections.js';
import { extend, text } from './text.js';

export const packages = {};

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (number) => String(number).padStart(2, '0');

/** The instant of whatever stands for one. */
export const millis = (when) => (typeof when === 'number' ? when : when?.toEpochMilli?.() ?? when?.getTime?.() ?? Number(when));

/** `java.util.Date`: a date of JavaScript with Java's comparisons. */
export class JavaDate extends Date {
  static beans = false;
  static from(instant) { return new JavaDate(millis(instant)); }
  before(other) { return this.getTime() < millis(other); }
  after(other) { return this.getTime() > millis(other); }
  compareTo(other) { return Math.sign(this.getTime() - millis(other)); }
  equals(other) { return this.getTime() === millis(other); }
  toInstant() { return new Instant(this.getTime()); }
}
extend(Date.prototype, {
  before(other) { return this.getTime() < millis(other); },
  after(other) { return this.getTime() > millis(other); },
  compareTo(other) { return Math.sign(this.getTime() - millis(other)); },
  toInstant() { return new Instant(this.getTime()); },
});

/** A text of a date by a pattern of letters, as `SimpleDateFormat` and `DateTimeFormatter` know them. */
function formatDate(when, letters) {
  const date = new Date(millis(when));
  return letters.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (run, quoted, letter) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replace(/''/g, "'");
    const number = (value) => String(value).padStart(run.length, '0');
    switch (letter) {
      case 'y': case 'u': return run.length === 2 ? two(date.getUTCFullYear() % 100) : number(date.getUTCFullYear());
      case 'M': case 'L': return run.length > 3 ? MONTHS[date.getUTCMonth()] : run.length === 3 ? MONTHS[date.getUTCMonth()].slice(0, 3) : number(date.getUTCMonth() + 1);
      case 'd': return number(date.getUTCDate());
      case 'H': return number(date.getUTCHours());
      case 'h': return number(date.getUTCHours() % 12 || 12);
      case 'm': return number(date.getUTCMinutes());
      case 's': return number(date.getUTCSeconds());
      case 'S': return String(date.getUTCMilliseconds()).padStart(3, '0').slice(0, run.length).padEnd(run.length, '0');
      case 'a': return date.getUTCHours() < 12 ? 'AM' : 'PM';
      case 'E': return run.length > 3 ? WEEKDAYS[date.getUTCDay()] : WEEKDAYS[date.getUTCDay()].slice(0, 3);
      case 'X': return 'Z';
      case 'Z': return '+0000';
      case 'z': case 'V': return 'UTC';
      default: throw new JavaError('java.lang.IllegalArgumentException', `Illegal pattern character '${letter}'`);
    }
  });
}

/** The instant that a text has by a pattern of letters. */
function parseDate(string, letters) {
  const fields = [];
  const source = letters.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/g, (run, quoted, letter) => {
    if (letter === undefined) return (quoted ?? run).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    fields.push(letter);
    return letter === 'M' && run.length > 2 || letter === 'E' || letter === 'a' ? '([A-Za-z]+)'
      : letter === 'X' || letter === 'Z' || letter === 'z' ? '(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d)' : run.length > 1 ? `(\\d{${letter === 'y' ? run.length : 1},${run.length}})` : '(\\d+)';
  });
  const match = new RegExp(`^${source}`).exec(text(string));
  if (!match) throw new JavaError('java.text.ParseException', `Unparseable date: "${text(string)}"`);
  const part = { y: 1970, M: 1, d: 1, H: 0, m: 0, s: 0, S: 0 };
  let offset = 0;
  fields.forEach((letter, at) => {
    const found = match[at + 1];
    if (letter === 'M' && !/^\d/.test(found)) part.M = MONTHS.findIndex((month) => month.slice(0, 3).toLowerCase() === found.slice(0, 3).toLowerCase()) + 1;
    else if ('XZz'.includes(letter)) {
      const zone = /([+-])(\d\d):?(\d\d)/.exec(found);
      if (zone) offset = (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * HOUR + Number(zone[3]) * MINUTE);
    } else if (letter === 'u') part.y = Number(found);
    else if (letter === 'h') part.H = Number(found) % 12 + (part.H >= 12 ? 12 : 0);
    else if (letter === 'a') { if (/^p/i.test(found)) part.H = part.H % 12 + 12; } else if (letter in part) part[letter] = Number(found);
  });
  return Date.UTC(part.y, part.M - 1, part.d, part.H, part.m, part.s, part.S) - offset;
}

class SimpleDateFormat {
  #letters;
  constructor(letters = 'yyyy-MM-dd HH:mm:ss') { this.#letters = text(letters); }
  format(when) { return formatDate(when, this.#letters); }
  parse(string) { return new JavaDate(parseDate(string, this.#letters)); }
  setTimeZone() {}
  setLenient() {}
}

export class Calendar {
  #date = new Date();
  static getInstance() { return new Calendar(); }
  getTime() { return new JavaDate(this.#date.getTime()); }
  setTime(when) { this.#date = new Date(millis(when)); }
  getTimeInMillis() { return this.#date.getTime(); }
  setTimeInMillis(when) { this.#date = new Date(when); }
  get(field) {
    const date = this.#date;
    switch (field) {
      case Calendar.YEAR: return date.getUTCFullYear();
      case Calendar.MONTH: return date.getUTCMonth();
      case Calendar.DAY_OF_MONTH: return date.getUTCDate();
      case Calendar.DAY_OF_WEEK: return date.getUTCDay() + 1;
      case Calendar.HOUR: return date.getUTCHours() % 12;
      case Calendar.HOUR_OF_DAY: return date.getUTCHours();
      case Calendar.MINUTE: return date.getUTCMinutes();
      case Calendar.SECOND: return date.getUTCSeconds();
      default: return date.getUTCMilliseconds();
    }
  }
  set(field, value) { this.add(field, value - this.get(field)); }
  add(field, count) {
    const date = this.#date;
    switch (field) {
      case Calendar.YEAR: date.setUTCFullYear(date.getUTCFullYear() + count); break;
      case Calendar.MONTH: date.setUTCMonth(date.getUTCMonth() + count); break;
      case Calendar.DAY_OF_MONTH: case Calendar.DAY_OF_WEEK: date.setUTCDate(date.getUTCDate() + count); break;
      case Calendar.HOUR: case Calendar.HOUR_OF_DAY: date.setTime(date.getTime() + count * HOUR); break;
      case Calendar.MINUTE: date.setTime(date.getTime() + count * MINUTE); break;
      case Calendar.SECOND: date.setTime(date.getTime() + count * SECOND); break;
      default: date.setTime(date.getTime() + count);
    }
  }
  before(other) { return millis(this.getTime()) < millis(other.getTime()); }
  after(other) { return millis(this.getTime()) > millis(other.getTime()); }
}
Object.assign(Calendar, {
  YEAR: 1, MONTH: 2, DATE: 5, DAY_OF_MONTH: 5, DAY_OF_WEEK: 7, HOUR: 10, HOUR_OF_DAY: 11, MINUTE: 12, SECOND: 13, MILLISECOND: 14,
});

const UNITS = {
  MILLIS: 1, SECONDS: SECOND, MINUTES: MINUTE, HOURS: HOUR, HALF_DAYS: 12 * HOUR, DAYS: DAY, WEEKS: 7 * DAY,
};
const ChronoUnit = {};
for (const name of Object.keys(UNITS)) {
  ChronoUnit[name] = Object.freeze({
    between: (from, to) => Math.trunc((millis(to) - millis(from)) / UNITS[name]), valueOf: () => UNITS[name], toString: () => name,
  });
}

class Duration {
  #span;
  constructor(span) { this.#span = span; }
  static ofMillis(n) { return new Duration(n); }
  static ofSeconds(n) { return new Duration(n * SECOND); }
  static ofMinutes(n) { return new Duration(n * MINUTE); }
  static ofHours(n) { return new Duration(n * HOUR); }
  static ofDays(n) { return new Duration(n * DAY); }
  static between(from, to) { return new Duration(millis(to) - millis(from)); }
  toMillis() { return this.#span; }
  getSeconds() { return Math.trunc(this.#span / SECOND); }
  toSeconds() { return this.getSeconds(); }
  toMinutes() { return Math.trunc(this.#span / MINUTE); }
  toHours() { return Math.trunc(this.#span / HOUR); }
  toDays() { return Math.trunc(this.#span / DAY); }
  valueOf() { return this.#span; }
}

/** An instant, a local date and a date with a zone, which are one here: all is UTC. */
export class Instant {
  #at;
  constructor(at) { this.#at = at; }
  static now() { return new this(Date.now()); }
  static ofEpochMilli(at) { return new this(at); }
  static ofEpochSecond(at) { return new this(at * SECOND); }
  static ofInstant(instant) { return new this(millis(instant)); }
  static of(year, month, day, hour = 0, minute = 0, second = 0) { return new this(Date.UTC(year, month - 1, day, hour, minute, second)); }
  static parse(string, format) {
    const at = format ? format.parse(string).toEpochMilli() : Date.parse(/T\d\d:\d\d[^Z+-]*$/.test(string) ? `${text(string)}Z` : text(string));
    if (Number.isNaN(at)) throw new JavaError('java.time.format.DateTimeParseException', `Text '${text(string)}' could not be parsed`);
    return new this(at);
  }
  #plus(span) { return new this.constructor(this.#at + span); }
  plus(count, unit) { return this.#plus(unit ? count * unit.valueOf() : count.valueOf()); }
  minus(count, unit) { return this.#plus(-(unit ? count * unit.valueOf() : count.valueOf())); }
  plusMillis(n) { return this.#plus(n); }
  plusSeconds(n) { return this.#plus(n * SECOND); }
  plusMinutes(n) { return this.#plus(n * MINUTE); }
  plusHours(n) { return this.#plus(n * HOUR); }
  plusDays(n) { return this.#plus(n * DAY); }
  plusWeeks(n) { return this.#plus(n * 7 * DAY); }
  plusMonths(n) { const date = new Date(this.#at); date.setUTCMonth(date.getUTCMonth() + n); return new this.constructor(date.getTime()); }
  plusYears(n) { return this.plusMonths(12 * n); }
  minusSeconds(n) { return this.#plus(-n * SECOND); }
  minusMinutes(n) { return this.#plus(-n * MINUTE); }
  minusHours(n) { return this.#plus(-n * HOUR); }
  minusDays(n) { return this.#plus(-n * DAY); }
  minusMonths(n) { return this.plusMonths(-n); }
  minusYears(n) { return this.plusMonths(-12 * n); }
  isBefore(other) { return this.#at < millis(other); }
  isAfter(other) { return this.#at > millis(other); }
  isEqual(other) { return this.#at === millis(other); }
  equals(other) { return this.#at === millis(other); }
  compareTo(other) { return Math.sign(this.#at - millis(other)); }
  until(other, unit) { return unit.between(this, other); }
  toEpochMilli() { return this.#at; }
  getEpochSecond() { return Math.floor(this.#at / SECOND); }
  toEpochSecond() { return this.getEpochSecond(); }
  toInstant() { return new Instant(this.#at); }
  atZone() { return new ZonedDateTime(this.#at); }
  getYear() { return new Date(this.#at).getUTCFullYear(); }
  getMonthValue() { return new Date(this.#at).getUTCMonth() + 1; }
  getDayOfMonth() { return new Date(this.#at).getUTCDate(); }
  getHour() { return new Date(this.#at).getUTCHours(); }
  getMinute() { return new Date(this.#at).getUTCMinutes(); }
  getSecond() { return new Date(this.#at).getUTCSeconds(); }
  getDayOfWeek() { return WEEKDAYS[new Date(this.#at).getUTCDay()].toUpperCase(); }
  format(format) { return format.format(this); }
  truncatedTo(unit) { return new this.constructor(this.#at - (this.#at % unit.valueOf())); }
  valueOf() { return this.#at; }
  toJSON() { return this.toString(); }
  toString() { return new Date(this.#at).toISOString().replace(/\.000Z$/, 'Z'); }
}
class ZonedDateTime extends Instant {}
class LocalDateTime extends Instant { toString() { return super.toString().replace(/Z$/, ''); } }
class LocalDate extends Instant { toString() { return super.toString().slice(0, 10); } }

class DateTimeFormatter {
  #letters;
  constructor(letters) { this.#letters = letters; }
  static ofPattern(letters) { return new DateTimeFormatter(text(letters)); }
  withZone() { return this; }
  withLocale() { return this; }
  format(when) { return this.#letters ? formatDate(when, this.#letters) : when.toString(); }
  parse(string) { return new Instant(this.#letters ? parseDate(string, this.#letters) : Date.parse(text(string))); }
}
Object.assign(DateTimeFormatter, {
  ISO_INSTANT: new DateTimeFormatter(), ISO_DATE_TIME: new DateTimeFormatter(),
  ISO_LOCAL_DATE: new DateTimeFormatter('yyyy-MM-dd'), ISO_LOCAL_DATE_TIME: new DateTimeFormatter("yyyy-MM-dd'T'HH:mm:ss"),
});

packages['java.text'] = (() => ({ SimpleDateFormat }));
packages['java.time'] = (() => ({
  Instant, ZonedDateTime, OffsetDateTime: ZonedDateTime, LocalDateTime, LocalDate, Duration, Period: Duration,
  Clock: { systemUTC: () => ({ instant: () => Instant.now(), millis: () => Date.now() }), systemDefaultZone: () => ({ instant: () => Instant.now(), millis: () => Date.now() }) },
  ZoneId: { of: text, systemDefault: () => 'UTC' }, ZoneOffset: { UTC: 'UTC' },
}));
packages['java.time.temporal'] = (() => ({ ChronoUnit }));
packages['java.time.format'] = (() => ({ DateTimeFormatter }));
