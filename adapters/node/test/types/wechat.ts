// What is written with WeChat's typings compiles with ours.
import { uploadFile } from '@quintet/upload';

const option: WechatMiniprogram.UploadFileOption = {
  url: 'https://example.test/up',
  filePath: 'wxfile://tmp/photo.jpg',
  name: 'file',
  header: { 'X-Mine': '1' },
  formData: { album: 'spring' },
  timeout: 1000,
  success(result) {
    console.log(result.statusCode, result.data, result.errMsg);
  },
  fail: (result) => console.log(result.errMsg),
  complete: (result: WechatMiniprogram.GeneralCallbackResult) => console.log(result.errMsg),
};

// The whole of WeChat's task, so that what is done with one compiles.
const task: WechatMiniprogram.UploadTask = uploadFile(option);
const listener: WechatMiniprogram.UploadTaskOnProgressUpdateCallback = ({ progress, totalBytesSent, totalBytesExpectedToSend }) =>
  console.log(progress, totalBytesSent, totalBytesExpectedToSend);
task.onProgressUpdate(listener);
task.offProgressUpdate(listener);
task.onHeadersReceived(({ header }) => console.log(header['x']));
task.offHeadersReceived();
task.abort();

// And the function in the place of theirs.
const wx: Pick<WechatMiniprogram.Wx, 'uploadFile'> = { uploadFile };
wx.uploadFile(option).abort();

uploadFile({
  url: '',
  filePath: '',
  name: '',
  success: (result: WechatMiniprogram.UploadFileSuccessCallbackResult) => console.log(result.profile.rtt),
});
// @ts-expect-error: a number is no path.
uploadFile({ ...option, filePath: 5 });
