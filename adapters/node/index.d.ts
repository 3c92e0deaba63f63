/** Uploads a file by the engine with the default settings that this thread has for everybody. Returns at once; no callback runs before. */
export declare function uploadFile(options: UploadFileOptions): UploadTask;
export declare function uploadFile(options: MiniProgramOptions): UploadTask;

/** The options of an upload. `""`, `null` and `undefined` count as absent. */
export interface UploadFileOptions extends BaseOptions {
  success?(result: UploadFileSuccess): void;
  fail?(result: UploadFileFail): void;
  /** After `success` or `fail`, with the same object. */
  complete?(result: UploadFileSuccess | UploadFileFail): void;
}

/**
 * Options written with the typings of a mini-program, whose callbacks take that platform's own results: what they get is an
 * {@link UploadFileSuccess} or an {@link UploadFileFail}.
 */
export interface MiniProgramOptions extends BaseOptions {
  success?(result: any): void;
  fail?(result: any): void;
  complete?(result: any): void;
}

/** What all options have, but for the callbacks. */
export interface BaseOptions {
  /** `http:` or `https:`. */
  url: string;
  /** The file, relative to the working directory, or to {@link EngineSettings.root}. */
  filePath: string;
  /** The form key of the file part, which is not its file name. */
  name: string;
  /** Request headers. Those that the engine owns are ignored: see {@link UploadTask.ignoredHeaders}. */
  header?: Record<string, any> | null;
  /** Fields before the file part, in order. Lists and objects are sent as JSON. */
  formData?: Record<string, any> | null;
  /** Milliseconds from the upload's turn to its end; 0 for none. */
  timeout?: number | null;
  /** Extension: the file name that the server is told, instead of the path's last segment. */
  fileName?: string | null;
  /** Extension: the type of the file part, instead of that of the file name's extension. */
  mimeType?: string | null;
  /** Whether the success has a `profile`. */
  enableProfile?: boolean | null;
  /** Not supported: `true` fails with errno 103. */
  enableHttp2?: boolean | null;
  /** Not supported: `true` fails with errno 103. */
  enableQuic?: boolean | null;
  /** Extension: aborts the upload. */
  signal?: AbortSignal | null;
}

/** An upload. Awaited, it is the object of `success`, or throws an {@link UploadError}; nobody who does not await has a rejection. */
export declare class UploadTask implements PromiseLike<UploadFileSuccess>, AsyncIterable<UploadProgress> {
  private constructor();
  /** 53 characters: also in the results and in the headers `x-request-id` and `x-tt-logid` of the request. */
  readonly trace: string;
  /** Names of given headers that were ignored. */
  readonly ignoredHeaders: string[];
  onProgressUpdate(listener: (progress: UploadProgress) => void): void;
  /** Without a listener: takes all off. */
  offProgressUpdate(listener?: (progress: UploadProgress) => void): void;
  /** Once, before `success`. */
  onHeadersReceived(listener: (received: HeadersReceived) => void): void;
  /** Without a listener: takes all off. */
  offHeadersReceived(listener?: (received: HeadersReceived) => void): void;
  /** In any state; without effect after the end. The upload fails with errno 301, and no progress is told any more. */
  abort(): void;
  then<T = UploadFileSuccess, F = never>(
    resolved?: ((result: UploadFileSuccess) => T | PromiseLike<T>) | null,
    rejected?: ((error: UploadError) => F | PromiseLike<F>) | null,
  ): Promise<T | F>;
  catch<F = never>(rejected?: ((error: UploadError) => F | PromiseLike<F>) | null): Promise<UploadFileSuccess | F>;
  finally(settled?: (() => void) | null): Promise<UploadFileSuccess>;
  /** Progress until the end; of what is not asked for in time the latest. Throws what the upload fails with. Leaving it aborts nothing. */
  [Symbol.asyncIterator](): AsyncGenerator<UploadProgress, void, void>;
}

/** How much of the body is sent. */
export interface UploadProgress {
  /** Whole percent; 100 exactly when all is sent. */
  progress: number;
  totalBytesSent: number;
  totalBytesExpectedToSend: number;
}

export interface HeadersReceived {
  statusCode: number;
  /** By name as received; values of one that repeats are joined by commas. */
  header: Record<string, string>;
}

/** Any status is a success. */
export interface UploadFileSuccess {
  statusCode: number;
  /** The answer's body as text. */
  data: string;
  errMsg: string;
  trace: string;
  /** If {@link EngineSettings.include} says so. */
  header?: Record<string, string>;
  /** If {@link EngineSettings.include} says so. */
  cookies?: string[];
  /** If {@link EngineSettings.include} or `enableProfile` says so. */
  profile?: UploadProfile;
}

/** When what was reached, in milliseconds since 1970, and with whom; what did not happen is not there. */
export interface UploadProfile {
  invokeStart: number;
  queueStart: number;
  queueEnd?: number;
  domainLookUpStart?: number;
  domainLookUpEnd?: number;
  connectStart?: number;
  SSLconnectionStart?: number;
  SSLconnectionEnd?: number;
  connectEnd?: number;
  requestStart?: number;
  requestEnd?: number;
  responseStart?: number;
  responseEnd?: number;
  socketReused: boolean;
  sendBytesCount: number;
  receivedBytedCount: number;
  peerIP?: string;
  port?: number;
  protocol: string;
}

export interface UploadFileFail {
  /** `uploadFile:fail` and the reason, for people. */
  errMsg: string;
  /** For logic: see the README. */
  errno: number;
  errString: string;
  trace: string;
}

/** What a task throws that is awaited: an Error with the properties of the object of `fail`. */
export declare class UploadError extends Error implements UploadFileFail {
  private constructor();
  errMsg: string;
  errno: number;
  errString: string;
  trace: string;
}

/**
 * An engine: a thread, a queue, a pool of connections. It ends by {@link shutdown}, or when nobody holds it and its uploads
 * have ended.
 */
export declare class Engine implements Disposable, AsyncDisposable {
  /** @throws TypeError for a setting that is wrong or unknown; Error if the system has no thread or descriptor left. */
  constructor(settings?: EngineSettings);
  /** As the function {@link uploadFile}, by this engine. */
  uploadFile(options: UploadFileOptions): UploadTask;
  uploadFile(options: MiniProgramOptions): UploadTask;
  /** Ends every upload with errno 301, and is done when all of them were told. Later ones fail. */
  shutdown(): Promise<void>;
  /** As {@link shutdown}, without waiting. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `undefined` counts as not there. Times are milliseconds. */
export interface EngineSettings {
  /** Uploads active at once: 5. */
  activeMax?: number;
  /** Of them, to one host and port: no such bound. */
  activePerHostMax?: number;
  /** Uploads waiting: 1,048,576. Beyond it a call fails with errno 102. */
  queueMax?: number;
  timeouts?: {
    /** Name, connection and handshake: 30,000. */
    connect?: number;
    /** Without a byte either way: 60,000. */
    stall?: number;
    /** From the whole request to the first byte of the answer: `stall` alone. */
    response?: number;
    /** From there to the end of its head: 60,000. */
    responseHead?: number;
    /** How long an unused connection is kept: 30,000. */
    idle?: number;
  };
  /** Shortest time between two progress events of an upload: 100. */
  progressInterval?: number;
  /** Which redirects are followed: `"same-origin"`. */
  redirects?: 'off' | 'same-origin' | 'any';
  /** Bytes that all uploads together send in a second; 0, the default, for as many as go. */
  rateMax?: number;
  /** Longest file that is sent, in bytes: any. */
  fileBytesMax?: number;
  /** Longest answer, in bytes: 32 MiB. */
  responseBytesMax?: number;
  /** Unused connections kept: 8. */
  idleMax?: number;
  /** `User-Agent` where the call gives none; `""` sends none. */
  userAgent?: string;
  /**
   * The hosts that may be uploaded to: any. `"example.com"`, `"*.example.com"` for those below it, `"https://example.com"`,
   * `"example.com:8443"`, `"127.0.0.1:*"`. Others fail with errno 105.
   */
  allowHosts?: string | string[];
  /** Refuses `http:`. */
  httpsOnly?: boolean;
  /** Refuses to connect to this machine and to private networks, whatever name leads there. */
  publicAddressesOnly?: boolean;
  /** The folder that files are looked for in, and out of which no path leads: anywhere, from the working directory. */
  root?: string;
  /** `http://`, `https://`, `socks5://` or `socks5h://`, `user:password@`, host and port: none. The environment is not asked. */
  proxy?: string;
  /** What goes past the proxy, by commas: nothing. */
  noProxy?: string;
  /** Names as in Node's own `tls`. Certificates and keys are PEM. */
  tls?: {
    /** Trusted instead of Mozilla's roots. */
    ca?: string | Uint8Array | Array<string | Uint8Array>;
    /** The certificate shown to servers that ask for one. */
    cert?: string | Uint8Array;
    key?: string | Uint8Array;
    /** The server's own key must be one of these: `"sha256//"` and base64, as curl's `--pinnedpubkey`. */
    pins?: string | string[];
    minVersion?: 'TLSv1.2' | 'TLSv1.3';
  };
  /** What a success tells beyond the base: nothing. */
  include?: { header?: boolean; cookies?: boolean; profile?: boolean };
}
