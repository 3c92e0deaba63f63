// One upload: its callbacks, and in which order they are called.
'use strict';

const { AsyncResource } = require('node:async_hooks');

const { UploadError } = require('./error.js');

const callable = (value) => (typeof value === 'function' ? value : undefined);

class Upload {
  // The native half. Held here, so that an engine that nobody else holds lives as long as its uploads.
  door;
  key;
  aborted = false;
  // Once it is over: whether it succeeded, and the object of the callbacks.
  outcome;
  #success;
  #fail;
  #complete;
  #progress = [];
  #headers = [];
  #isHeard = false;
  // Called once, after `complete`.
  #settled = [];
  // Callbacks run in the asynchronous context of the call.
  #context = new AsyncResource('QuintetUpload');

  constructor(door, key, given) {
    this.door = door;
    this.key = key;
    this.#success = callable(given.success);
    this.#fail = callable(given.fail);
    this.#complete = callable(given.complete);
  }

  // What has come since it was told last: each as JSON, or nothing.
  tell(progress, headers, succeeded, result) {
    this.#context.runInAsyncScope(this.#tell, this, progress, headers, succeeded, result);
  }

  #tell(progress, headers, succeeded, result) {
    if (progress) {
      const value = JSON.parse(progress);
      for (const listener of this.#progress) {
        // Also when it was a listener before this one that has aborted.
        if (!this.aborted) call(listener, value);
      }
    }
    if (headers) {
      const value = JSON.parse(headers);
      for (const listener of this.#headers) call(listener, value);
    }
    if (result) this.#end(succeeded, JSON.parse(result));
  }

  #end(succeeded, result) {
    const callback = succeeded ? this.#success : this.#fail;
    const complete = this.#complete;
    const settled = this.#settled;
    this.outcome = { succeeded, result };
    // Nothing of the caller's is kept any longer than it can be called.
    this.#success = this.#fail = this.#complete = undefined;
    this.#progress = this.#headers = this.#settled = [];
    this.door = undefined;
    if (callback) call(callback, result);
    if (complete) call(complete, result);
    for (const settle of settled) settle();
  }

  onProgress(listener) {
    this.#progress = this.#with(this.#progress, listener);
  }

  offProgress(listener) {
    this.#progress = without(this.#progress, listener);
  }

  onHeaders(listener) {
    this.#headers = this.#with(this.#headers, listener);
  }

  offHeaders(listener) {
    this.#headers = without(this.#headers, listener);
  }

  // Lists are made anew, so that one that is being called stays as it is.
  #with(listeners, listener) {
    const kept = this.outcome !== undefined || typeof listener !== 'function' || listeners.includes(listener);
    if (kept) return listeners;
    if (!this.#isHeard) {
      // Most uploads are only awaited: nothing but their end is told to this thread.
      this.#isHeard = true;
      this.door.hear(this.key);
    }
    return [...listeners, listener];
  }

  // Calls `settle` after `complete`, or at once if that is past.
  whenSettled(settle) {
    if (this.outcome) settle();
    else this.#settled.push(settle);
  }

  // The outcome, as a promise has it.
  settle(resolve, reject) {
    const { succeeded, result } = this.outcome;
    if (succeeded) resolve(result);
    else reject(new UploadError(result));
  }

  abort() {
    if (this.door?.abort(this.key)) this.aborted = true;
  }
}

function without(listeners, listener) {
  return listener === undefined ? [] : listeners.filter((kept) => kept !== listener);
}

// What a callback throws is its own, and an uncaught exception: as with Node's own events, after what is being told.
function call(callback, argument) {
  try {
    callback(argument);
  } catch (error) {
    process.nextTick(() => { throw error; });
  }
}

module.exports = { Upload };
