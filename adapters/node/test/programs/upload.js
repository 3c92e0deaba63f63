// Uploads a file, tells how that ended, and does nothing to end itself: `upload.js URL FILE`.
'use strict';

const { uploadFile } = require('../..');

const [url, filePath] = process.argv.slice(2);
uploadFile({ url, filePath, name: 'f', complete: ({ errMsg }) => console.log(errMsg) });
