// What is written with Douyin's typings compiles with ours.
import { uploadFile } from '@quintet/upload';
import type { uploadFile as theirs } from '@douyin-microapp/typings/api/upload-file';

type Option = Parameters<typeof theirs>[0];
type Task = ReturnType<typeof theirs>;

declare const option: Option;
const task: Task = uploadFile(option);
task.onProgressUpdate(({ progress }) => {
  if (progress > 50) task.abort();
});
const tt: { uploadFile(option: Option): Task } = { uploadFile };
tt.uploadFile({ url: '', filePath: '', name: '', success: ({ data, statusCode }) => console.log(data, statusCode) });
