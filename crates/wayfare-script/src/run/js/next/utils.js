(function (host) {
'use strict';
const signed = (bytes) => bytes.map((byte) => (byte > 127 ? byte - 256 : byte));
const encode = (data, url) => host.base64({ op: 'encode', data: typeof data === 'string' ? data : Array.from(data), url });
const decode = (text, url) => host.base64({ op: 'decode', data: String(text), url });
const utf8 = (text) => decode(encode(String(text), false), false);
const text = (bytes) => {
  const plain = Array.from(bytes, (byte) => byte & 255);
  let out = '';
  for (let at = 0; at < plain.length;) {
    const first = plain[at++];
    const more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : -1;
    if (more < 0 || at + more > plain.length) { out += '\ufffd'; continue; }
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let left = more; left > 0; left--) code = (code << 6) | (plain[at++] & 0x3f);
    out += code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  }
  return out;
};
const latin = (value) => Array.from(String(value), (at) => { const code = at.charCodeAt(0); if (code > 255) throw new TypeError('a character is more than a byte'); return code; });
const base64 = (url) => ({
  encode: (data) => encode(data, url), decode: (data) => text(decode(data, url)), decodeToBytes: (data) => signed(decode(data, url)),
  btoa: (data) => encode(latin(data), url), atob: (data) => String.fromCharCode(...decode(data, url)),
});
const bytes = (value) => (typeof value === 'string' ? utf8(value) : Array.from(value, (byte) => byte & 255));
const subtle = {
  digest: (algorithm, data) => signed(host.crypto({ op: 'digest', algorithm, data: bytes(data) })),
  sign: (algorithm, key, data) => signed(host.crypto({ op: 'sign', algorithm, key: bytes(key), data: bytes(data) })),
  verify: (algorithm, key, data, signature) => host.crypto({ op: 'verify', algorithm, key: bytes(key), data: bytes(data), signature: bytes(signature) }),
  encrypt: (algorithm, key, data) => signed(host.crypto({ op: 'encrypt', algorithm, key: bytes(key), data: bytes(data) })),
  decrypt: (algorithm, key, data) => signed(host.crypto({ op: 'decrypt', algorithm, key: bytes(key), data: bytes(data) })),
  generateKey: (algorithm) => signed(host.crypto({ op: 'generateKey', algorithm })),
  deriveKey: (algorithm, key, length) => signed(host.crypto({ op: 'deriveKey', algorithm, key: bytes(key), length })),
};
return {
  base64: base64(false),
  base64url: base64(true),
  types: { bytesToString: text, stringToBytes: (value) => signed(utf8(value)) },
  crypto: {
    randomUUID() {
      const drawn = host.random(16);
      drawn[6] = (drawn[6] & 15) | 64; drawn[8] = (drawn[8] & 63) | 128;
      const hex = drawn.map((byte) => (byte + 256).toString(16).slice(1)).join('');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
    getRandomValues(into) { const drawn = host.random(into.length); for (let at = 0; at < into.length; at++) into[at] = drawn[at] > 127 ? drawn[at] - 256 : drawn[at]; return into; },
    subtle,
  },
};
})
