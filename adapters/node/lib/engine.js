// An engine, and the one that is there for everybody.
'use strict';

const alive = require('./alive.js');
const { Door, optionNames } = require('./native.js');
const { readOwn } = require('./own.js');
const { settingsOf } = require('./settings.js');
const { follow } = require('./signal.js');
const { writeOptions, writeSettings } = require('./tape.js');
const { UploadTask } = require('./task.js');
const { Upload } = require('./upload.js');

const NAMES = optionNames();

// The uploads of an engine whose end was not told, by key.
class Uploads {
  live = new Map();
  // Called when the last has ended.
  idle = [];
}

// Made apart from the engine, so that it holds the uploads and nothing else: the native half holds it for good.
const teller = (uploads) => (key, progress, headers, succeeded, result) => {
  const upload = uploads.live.get(key);
  if (result) {
    uploads.live.delete(key);
    upload.door.ended(key);
    alive.ended();
  }
  upload.tell(progress, headers, succeeded, result);
  if (uploads.live.size === 0) {
    for (const resolve of uploads.idle.splice(0)) resolve();
  }
};

class Engine {
  #door;
  #uploads = new Uploads();
  #keys = 0;

  constructor(settings) {
    const { letters, texts, numbers } = writeSettings(settingsOf(settings));
    try {
      this.#door = Door.open(letters, texts, numbers, teller(this.#uploads));
    } catch (error) {
      throw error.code === 'InvalidArg' ? new TypeError(error.message) : error;
    }
  }

  uploadFile(options) {
    const given = { __proto__: null };
    const { tape, mistake } = writeOptions(options, NAMES, given);
    const own = readOwn(options);
    const key = ++this.#keys;
    const upload = new Upload(this.#door, key, given);
    const [trace, ...ignored] = this.#door.upload(
      key, tape.letters, tape.texts, tape.numbers, bytes(own.data), mistake ?? own.mistake, own.signal?.aborted ?? false);
    this.#uploads.live.set(key, upload);
    alive.begun();
    if (own.signal && !own.signal.aborted) follow(own.signal, upload);
    return new UploadTask(upload, trace, ignored);
  }

  shutdown() {
    this.#door.shutdown();
    return new Promise((resolve) => {
      if (this.#uploads.live.size === 0) resolve();
      else this.#uploads.idle.push(resolve);
    });
  }

  [Symbol.dispose]() {
    this.#door.shutdown();
  }

  [Symbol.asyncDispose]() {
    return this.shutdown();
  }
}

// Copied here if another thread may write to it meanwhile; the native half copies what it is given.
const bytes = (data) => (data?.buffer instanceof SharedArrayBuffer ? Buffer.from(data) : data);

let shared;

// By an engine with the default settings, which this thread shares, and which is started by the first call.
function uploadFile(options) {
  shared ??= new Engine();
  return shared.uploadFile(options);
}

module.exports = { Engine, uploadFile };
