'use strict';

const { Engine, uploadFile } = require('./lib/engine.js');
const { UploadError } = require('./lib/error.js');
const { UploadTask } = require('./lib/task.js');

module.exports = { Engine, UploadError, UploadTask, uploadFile };
