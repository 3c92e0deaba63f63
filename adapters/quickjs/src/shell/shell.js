// What a script finds besides the doors: console and timers. `native` prints and keeps the times.
(function (native) {
  "use strict";
  const timers = { __proto__: null };
  let count = 0;

  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });

  define("setTimeout", (callback, delay, ...rest) => {
    if (typeof callback !== "function") throw new TypeError("setTimeout wants a function");
    const id = ++count;
    native.schedule(id, Number(delay) || 0);
    timers[id] = () => callback(...rest);
    return id;
  });
  define("clearTimeout", (id) => {
    if (timers[id] === undefined) return;
    native.cancel(Number(id));
    delete timers[id];
  });

  const show = (value) => {
    if (typeof value === "string") return value;
    try {
      if (value instanceof Error) return `${value}\n${value.stack}`.trimEnd();
      return (typeof value === "object" && JSON.stringify(value)) || String(value);
    } catch {
      return "[an object that cannot be shown]";
    }
  };
  const console = {};
  for (const level of ["debug", "log", "info", "warn", "error"]) {
    console[level] = (...values) => native.print(level, values.map(show).join(" ").toWellFormed());
  }
  define("console", console);

  return (id) => {
    const callback = timers[id];
    delete timers[id];
    if (callback === undefined) return;
    try {
      callback();
    } catch (error) {
      (async () => { throw error; })();
    }
  };
});
