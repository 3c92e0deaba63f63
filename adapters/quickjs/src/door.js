// The script's side of a door: keeps the callbacks, calls them in order. `native` begins uploads and acts on them.
(function (native) {
  "use strict";
  // Uploads whose end was not told, by key. Without a prototype, which scripts may change.
  const live = { __proto__: null };
  const wellFormed = Function.prototype.call.bind(String.prototype.toWellFormed);

  // What a callback throws is its own: the host hears of it as of any rejection that nobody handles.
  const call = (callback, argument) => {
    try {
      callback(argument);
    } catch (error) {
      (async () => { throw error; })();
    }
  };
  const tell = (listeners, argument) => {
    // `add` and `remove` make new lists, so this one stays as it is.
    for (let at = 0; at < listeners.length; at++) call(listeners[at], argument);
  };
  const add = (listeners, listener) =>
    typeof listener !== "function" || listeners.includes(listener) ? listeners : [...listeners, listener];
  const remove = (listeners, listener) =>
    listener === undefined ? [] : listeners.filter((kept) => kept !== listener);
  const callable = (value) => (typeof value === "function" ? value : undefined);

  // Each option is read once, in the order of the list: reading may have effects.
  const begin = (options) => {
    const given = { __proto__: null };
    let unreadable;
    if (typeof options === "object" && options !== null) {
      for (let at = 0; at < native.names.length; at++) {
        const name = native.names[at];
        try {
          given[name] = options[name];
        } catch {
          unreadable ??= name;
        }
      }
    }
    const begun = native.upload(options, given, unreadable, wellFormed);
    const key = begun[0];
    live[key] = {
      success: callable(given.success),
      fail: callable(given.fail),
      complete: callable(given.complete),
      progress: [],
      headers: [],
      aborted: false,
      ended: undefined,
      settle: undefined,
    };
    return begun;
  };

  const uploadFile = (options) => {
    const begun = begin(options);
    const key = begun[0];
    const upload = live[key];
    let promise;
    return {
      trace: begun[1],
      ignoredHeaders: begun[2],
      onProgressUpdate(listener) { upload.progress = add(upload.progress, listener); },
      offProgressUpdate(listener) { upload.progress = remove(upload.progress, listener); },
      onHeadersReceived(listener) { upload.headers = add(upload.headers, listener); },
      offHeadersReceived(listener) { upload.headers = remove(upload.headers, listener); },
      abort() {
        if (live[key] && native.abort(key)) upload.aborted = true;
      },
      pause() { native.pause(key); },
      resume() { native.resume(key); },
      then(resolved, rejected) {
        promise ??= new Promise((resolve, reject) => {
          upload.settle = () => (upload.ended.ok ? resolve : reject)(upload.ended.result);
          if (upload.ended) upload.settle();
        });
        return promise.then(resolved, rejected);
      },
      catch(rejected) { return this.then(undefined, rejected); },
      finally(settled) { return this.then().finally(settled); },
    };
  };

  const dispatch = (key, what, value) => {
    const upload = live[key];
    if (!upload) return;
    if (what === "progress") {
      if (!upload.aborted) tell(upload.progress, value);
    } else if (what === "headers") {
      tell(upload.headers, value);
    } else {
      delete live[key];
      const ok = what === "success";
      const callback = ok ? upload.success : upload.fail;
      const complete = upload.complete;
      upload.ended = { ok, result: value };
      upload.success = upload.fail = upload.complete = undefined;
      upload.progress = upload.headers = [];
      if (callback) call(callback, value);
      if (complete) call(complete, value);
      if (upload.settle) upload.settle();
    }
  };
  return [uploadFile, dispatch];
});
