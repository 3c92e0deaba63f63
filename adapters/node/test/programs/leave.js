// Ends while uploads run, some wait and some were never begun: `leave.js URL FILE HOW`.
'use strict';

const { uploadFile } = require('../..');

const [url, filePath, how] = process.argv.slice(2);
const upload = () => uploadFile({ url, filePath, name: 'f', complete: () => console.log('told') });
const tasks = Array.from({ length: 12 }, upload);
tasks[0].onProgressUpdate(() => {
  upload();
  if (how === 'exit') process.exit(0);
  if (how === 'throw') throw new Error('on purpose');
  process.kill(process.pid, 'SIGTERM');
});
