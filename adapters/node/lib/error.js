// How a task that is awaited tells that its upload failed.
'use strict';

// An Error with what the object of `fail` has; the Error's own properties are not enumerable, so that it shows no more.
class UploadError extends Error {
  constructor(fail) {
    super(fail.errMsg);
    Object.assign(this, fail);
  }

  get name() {
    return 'UploadError';
  }
}

module.exports = { UploadError };
