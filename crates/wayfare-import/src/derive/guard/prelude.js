function there(value) { if (value === undefined || value === null) { throw new Error("a value is not there"); } return value; }
function wrong() { throw new Error("a value is of the wrong type"); }
function state(key) { if (!nodeState.isDefined(key)) { throw new Error(key + " is not there"); } return nodeState.get(key); }
function has(key) { return nodeState.isDefined(key); }
function member(map, key) { if (map === undefined || map === null) { return null; } var value = typeof map.get === "function" ? map.get(key) : map[key]; return value === undefined ? null : value; }
function first(map, key) { var list = member(map, key); if (list === null) { return null; } if (typeof list === "string") { return list; } if (typeof list.size === "function" ? list.size() === 0 : list.length === 0) { return null; } return String(typeof list.get === "function" ? list.get(0) : list[0]); }
function single(map, key) { var value = member(map, key); return value === null ? null : String(value); }
function profile() { var all = nodeState.getObject("objectAttributes"); return all === undefined ? null : all; }
function attribute(key) { var all = profile(); if (all === null || !(key in all)) { throw new Error("objectAttributes." + key + " is not there"); } return all[key]; }
function hasAttribute(key) { var all = profile(); return all !== null && key in all; }
function session() { return typeof existingSession === "undefined" ? null : existingSession; }
function truth(value) { return typeof value === "boolean" ? value : wrong(); }
function text(value) { return typeof value === "string" ? value : wrong(); }
function number(value) { if (typeof value !== "number" || !isFinite(value)) { wrong(); } if (Math.abs(value) > (Math.floor(value) === value ? 9007199254740991 : 9000000)) { throw new Error("a number is out of range"); } return value; }
function whole(value) { number(value); return Math.floor(value) === value ? value : wrong(); }
function isList(value) { return Object.prototype.toString.call(value) === "[object Array]"; }
function point(value, at) { var unit = value.charCodeAt(at); return unit >= 0xD800 && unit <= 0xDBFF && at + 1 < value.length ? (unit - 0xD800) * 0x400 + value.charCodeAt(at + 1) - 0xDC00 + 0x10000 : unit; }
function order(left, right) { if (typeof left === "number" && typeof right === "number") { number(left); number(right); return left < right ? -1 : left > right ? 1 : 0; } if (typeof left !== "string" || typeof right !== "string") { return wrong(); } var most = Math.min(left.length, right.length), at = 0; while (at < most && left.charCodeAt(at) === right.charCodeAt(at)) { at += 1; } if (at === most) { return left.length - right.length; } if (at > 0 && left.charCodeAt(at) >= 0xDC00 && left.charCodeAt(at) <= 0xDFFF && right.charCodeAt(at) >= 0xDC00 && right.charCodeAt(at) <= 0xDFFF) { at -= 1; } return point(left, at) - point(right, at); }
function equal(left, right) { if (left === null || right === null) { return left === right; } if (typeof left === "boolean" && typeof right === "boolean") { return left === right; } if (isList(left) && isList(right)) { if (left.length !== right.length) { return false; } for (var at = 0; at < left.length; at += 1) { if (!equal(left[at], right[at])) { return false; } } return true; } return order(left, right) === 0; }
function contains(whole, part) { if (isList(whole)) { for (var at = 0; at < whole.length; at += 1) { if (equal(whole[at], part)) { return true; } } return false; } return text(whole).indexOf(text(part)) !== -1; }
function startsWith(value, part) { return text(value).lastIndexOf(text(part), 0) === 0; }
function endsWith(value, part) { var from = text(value).length - text(part).length; return from >= 0 && value.indexOf(part, from) === from; }
function length(value) { if (isList(value)) { return value.length; } var count = 0; for (var at = 0; at < text(value).length; at += 1) { if (point(value, at) > 0xFFFF) { at += 1; } count += 1; } return count; }
function bytes(value) { var count = 0; for (var at = 0; at < value.length; at += 1) { var c = point(value, at); if (c > 0xFFFF) { at += 1; } count += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; } return count; }
function short(value) { if (bytes(value) > 65536) { throw new Error("a text is too long"); } return value; }
function plus(left, right) { return whole(whole(left) + whole(right)); }
function minus(left, right) { return whole(whole(left) - whole(right)); }
function trim(value) { return text(value).replace(/^[\t-\r \x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+|[\t-\r \x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+$/g, ""); }
function matches(value, pattern) { if (bytes(text(value)) > 8192) { throw new Error("the text is too long to be matched"); } return pattern.test(value); }
function integer(value) { if (!/^-?[0-9]+$/.test(text(value))) { throw new Error("a text is not a whole number"); } return whole(Number(value) + 0); }
function instant(value) { var p = /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+\-])([0-9]{2}):([0-9]{2}))$/.exec(text(value)); var at = -1; if (p !== null && value.length <= 40) { var year = Number(p[1]), month = Number(p[2]) - 1, day = Number(p[3]); var date = new Date(0); date.setUTCFullYear(year, month, day); var offset = p[8] ? (Number(p[9]) * 60 + Number(p[10])) * 60000 : 0; if (date.getUTCFullYear() === year && date.getUTCMonth() === month && date.getUTCDate() === day && Number(p[4]) < 24 && Number(p[5]) < 60 && Number(p[6]) <= 60 && !(p[8] && (Number(p[9]) > 23 || Number(p[10]) > 59))) { at = date.getTime() + ((Number(p[4]) * 60 + Number(p[5])) * 60 + Math.min(Number(p[6]), 59)) * 1000 + Number(((p[7] || "") + "000").substring(0, 3)) - (p[8] === "-" ? -offset : offset); } } if (at < 0) { throw new Error("a text is not an instant"); } return at; }
function age(value) { return Math.max(0, now - instant(value)); }
function written() { return new Date(now).toISOString(); }
