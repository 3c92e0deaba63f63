// Our own typings, used as they are meant; what is wrong in them must not compile.
import { Engine, UploadError, UploadTask, uploadFile } from '@quintet/upload';
import type { EngineSettings, UploadFileFail, UploadFileSuccess, UploadProgress } from '@quintet/upload';

async function used(): Promise<number> {
  const settings: EngineSettings = { activeMax: 10, timeouts: { stall: 1000 }, tls: { ca: [Buffer.from('')] }, include: { header: true } };
  await using engine = new Engine(settings);
  using other = new Engine();
  const controller = new AbortController();
  const task: UploadTask = engine.uploadFile({
    url: 'https://example.test/up',
    filePath: 'photo.jpg',
    name: 'file',
    signal: controller.signal,
    // Without a type of their own these have ours.
    success: (result) => result.trace.length + result.statusCode,
    fail: ({ errno }) => errno + 1,
    complete: (result) => result.errMsg.length,
  });
  for await (const progress of task) {
    const { totalBytesSent }: UploadProgress = progress;
    if (totalBytesSent > 5) break;
  }
  const failed: UploadFileSuccess | UploadFileFail = await task.catch((error: UploadError) => error);
  const { statusCode, header }: UploadFileSuccess = await task;
  const name: string | undefined = header?.['content-type'];
  await other.shutdown();
  return statusCode + failed.errMsg.length + (name?.length ?? 0) + task.ignoredHeaders.length;
}
void used;

// @ts-expect-error: the name is missing.
uploadFile({ url: '', filePath: '' });
// @ts-expect-error: a number is no URL.
uploadFile({ url: 5, filePath: '', name: '' });
// @ts-expect-error: there is no such setting.
new Engine({ activMax: 3 });
// @ts-expect-error: nor is there such a redirect.
new Engine({ redirects: 'some' });
// @ts-expect-error: tasks are made by calls.
new UploadTask();
