// A worker: uploads one file after the other, `workerData.times` of them, and tells of each end and of the first progress.
'use strict';

const { parentPort, workerData: { url, filePath, times } } = require('node:worker_threads');

const { uploadFile } = require('../..');

(async () => {
  for (let at = 0; at < times; at++) {
    const task = uploadFile({ url, filePath, name: 'f' });
    task.onProgressUpdate(() => parentPort.postMessage('progress'));
    const { errMsg } = await task;
    parentPort.postMessage(errMsg);
  }
})();
