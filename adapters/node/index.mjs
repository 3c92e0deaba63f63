export { Engine, UploadError, UploadTask, uploadFile } from './index.js';
