// The option `signal`: an AbortSignal that aborts the upload.
'use strict';

// The uploads that follow a signal. One listener for all of them: Node warns of a signal that has eleven.
const followers = new WeakMap();

// Reads the option, once. What follows is a mistake for the call, or what makes the upload follow.
function signalOf(options) {
  if (typeof options !== 'object' || options === null) return {};
  let signal;
  try {
    ({ signal } = options);
  } catch {
    return { mistake: ['signal', 'cannot be read: its getter throws'] };
  }
  if (signal === undefined || signal === null) return {};
  if (!(signal instanceof AbortSignal)) return { mistake: ['signal', 'must be an AbortSignal'] };
  return { signal };
}

// For a signal that is not aborted yet.
function follow(signal, upload) {
  const { uploads } = followers.get(signal) ?? listen(signal);
  uploads.add(upload);
  upload.whenSettled(() => {
    uploads.delete(upload);
    if (uploads.size === 0) stopListening(signal, uploads);
  });
}

function listen(signal) {
  const uploads = new Set();
  const listener = () => {
    // From the last on: what waits must not get the slot of one that was just aborted.
    for (const upload of [...uploads].reverse()) upload.abort();
  };
  const following = { uploads, listener };
  signal.addEventListener('abort', listener);
  followers.set(signal, following);
  return following;
}

function stopListening(signal, uploads) {
  const following = followers.get(signal);
  // Others may have begun to follow it anew.
  if (following?.uploads !== uploads) return;
  signal.removeEventListener('abort', following.listener);
  followers.delete(signal);
}

module.exports = { follow, signalOf };
