// What a call returns: the caller's hold on its upload.
'use strict';

const { progressOf } = require('./progress.js');

class UploadTask {
  #upload;
  #promise;

  constructor(upload, trace, ignoredHeaders) {
    this.#upload = upload;
    this.trace = trace;
    this.ignoredHeaders = ignoredHeaders;
  }

  onProgressUpdate(listener) {
    this.#upload.onProgress(listener);
  }

  offProgressUpdate(listener) {
    this.#upload.offProgress(listener);
  }

  onHeadersReceived(listener) {
    this.#upload.onHeaders(listener);
  }

  offHeadersReceived(listener) {
    this.#upload.offHeaders(listener);
  }

  abort() {
    this.#upload.abort();
  }

  // Nobody who does not ask has a rejection to handle.
  then(resolved, rejected) {
    const upload = this.#upload;
    this.#promise ??= new Promise((resolve, reject) => {
      upload.whenSettled(() => upload.settle(resolve, reject));
    });
    return this.#promise.then(resolved, rejected);
  }

  catch(rejected) {
    return this.then(undefined, rejected);
  }

  finally(settled) {
    return Promise.prototype.finally.call(this.then(), settled);
  }

  [Symbol.asyncIterator]() {
    return progressOf(this.#upload);
  }
}

module.exports = { UploadTask };
