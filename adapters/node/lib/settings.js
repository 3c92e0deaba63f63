// An engine's settings, as far as the native half cannot take them as they are.
'use strict';

// Certificates and keys may be bytes, as everywhere in Node.
function settingsOf(settings) {
  const tls = settings?.tls;
  if (typeof tls !== 'object' || tls === null) return settings;
  return { ...settings, tls: { ...tls, ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key) } };
}

function pem(value) {
  if (Array.isArray(value)) return value.map(pem);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}

module.exports = { settingsOf };
