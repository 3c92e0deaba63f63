// The typings of the ES module.
import { Engine, UploadError, UploadTask, uploadFile } from '../../index.mjs';

const task: UploadTask = uploadFile({ url: '', filePath: '', name: '' });
task.catch((error: UploadError) => error.errno);
new Engine().shutdown().then((nothing: void) => nothing);
