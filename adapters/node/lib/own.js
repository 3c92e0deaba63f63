// The options that only this door has.
'use strict';

const OPTIONS = {
  data: [(value) => value instanceof Uint8Array, 'must be a Uint8Array'],
  signal: [(value) => value instanceof AbortSignal, 'must be an AbortSignal'],
};

// Each is read once, after the others. `mistake` is the first, if there is any.
function readOwn(options) {
  const own = {};
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return own;
  for (const [name, [fits, why]] of Object.entries(OPTIONS)) {
    try {
      const value = options[name];
      if (value === undefined || value === null) continue;
      if (fits(value)) own[name] = value;
      else own.mistake ??= [name, why];
    } catch {
      own.mistake ??= [name, 'cannot be read: its getter throws'];
    }
  }
  return own;
}

module.exports = { readOwn };
