// The renderer's side: `uploadFile` as the page knows it, by messages to the process that has the engine.
'use strict';

const { workerData: { port, url, filePath } } = require('node:worker_threads');

// An `uploadFile` over a port; callbacks cannot cross it, so they stay here.
function remoteUploads(port) {
  const uploads = new Map();
  port.on('message', ({ id, event, value }) => {
    const { options, listeners } = uploads.get(id);
    if (event === 'complete') uploads.delete(id);
    if (event === 'progress') listeners.forEach((listener) => listener(value));
    else options[event]?.(value);
  });
  let ids = 0;
  return (options) => {
    const id = ++ids;
    const { success, fail, complete, ...plain } = options;
    const listeners = [];
    uploads.set(id, { options: { success, fail, complete }, listeners });
    port.postMessage({ id, options: plain });
    return {
      onProgressUpdate: (listener) => listeners.push(listener),
      abort: () => port.postMessage({ id, abort: true }),
    };
  };
}

const tt = { uploadFile: remoteUploads(port) };

const task = tt.uploadFile({
  url,
  filePath,
  name: 'photo',
  formData: { album: 'spring' },
  success: ({ statusCode }) => console.log(`status ${statusCode}`),
  fail: ({ errMsg, errno }) => console.log(`${errMsg} (${errno})`),
  // Then nobody has anything left to do, and both sides end.
  complete: () => port.close(),
});
task.onProgressUpdate(({ progress }) => console.log(`${progress} %`));
