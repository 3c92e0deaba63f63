// An upload's progress as an asynchronous iterator.
'use strict';

// Of what is not asked for in time the latest is kept, and so the last of all. Ends with the upload: as a failure, if it
// fails. Leaving the loop before leaves the upload as it is.
async function* progressOf(upload) {
  let latest;
  let wake = () => {};
  const listener = (progress) => {
    latest = progress;
    wake();
  };
  let over = false;
  upload.onProgress(listener);
  upload.whenSettled(() => {
    over = true;
    wake();
  });
  try {
    for (;;) {
      if (latest !== undefined && !upload.aborted) {
        const told = latest;
        latest = undefined;
        yield told;
      } else if (over) {
        await new Promise((resolve, reject) => upload.settle(resolve, reject));
        return;
      } else {
        await new Promise((resolve) => { wake = resolve; });
      }
    }
  } finally {
    upload.offProgress(listener);
  }
}

module.exports = { progressOf };
