// Values written down for the native half, which reads them in src/tape.rs: a letter for each, and aside what the letter
// cannot hold. Whatever may run the caller's own code, a getter or a `toJSON`, runs here.
'use strict';

const { depthMax } = require('./native.js');

const DEPTH_MAX = depthMax();
// Within one option: a list may be long and hold nothing.
const VALUES_MAX = 100_000;

const TOO_DEEP = 'is nested too deeply, or holds itself';
const TOO_MANY = 'holds too many values';
const UNREADABLE = 'cannot be read: its getter throws';

class Tape {
  letters = '';
  texts = [];
  numbers = [];
  #left = 0;

  // Writes an entry of an object; returns what is wrong with it, if anything is.
  entry(key, value) {
    this.#left = VALUES_MAX;
    try {
      this.#value(value, 0);
    } catch (error) {
      return error instanceof Refused ? error.why : UNREADABLE;
    }
    this.texts.push(key);
    return undefined;
  }

  #value(value, depth) {
    if (depth > DEPTH_MAX) throw new Refused(TOO_DEEP);
    if (this.#left-- === 0) throw new Refused(TOO_MANY);
    switch (typeof value) {
      case 'string':
        this.letters += 's';
        this.texts.push(value);
        break;
      case 'number':
        this.letters += 'd';
        this.numbers.push(value);
        break;
      case 'object':
        if (value === null) this.letters += 'n';
        else this.#object(value, depth);
        break;
      case 'boolean':
        this.letters += value ? 't' : 'f';
        break;
      default:
        this.letters += LETTERS[typeof value];
    }
  }

  #object(object, depth) {
    // As JSON.stringify asks what it meets; a date is a text by it.
    if (depth > 0 && typeof object.toJSON === 'function') {
      const said = object.toJSON();
      if (said !== object) return this.#value(said, depth + 1);
    }
    if (Array.isArray(object)) this.#list(object, depth);
    else this.#entries(object, depth);
  }

  #list(list, depth) {
    const { length } = list;
    // Told before a hole of four billion elements is walked.
    if (length > this.#left) throw new Refused(TOO_MANY);
    this.letters += '[';
    for (let at = 0; at < length; at++) this.#value(list[at], depth + 1);
    this.letters += ']';
  }

  #entries(object, depth) {
    this.letters += '{';
    for (const key of Object.keys(object)) {
      this.#value(object[key], depth + 1);
      this.texts.push(key);
    }
    this.letters += '}';
  }
}

const LETTERS = { undefined: 'u', function: 'c', symbol: 'y', bigint: 'i' };

// Thrown through what the caller's own code may throw through as well.
class Refused {
  constructor(why) {
    this.why = why;
  }
}

// Writes down a call's options: those of `names` that are there, each read once and in that order, since reading may have
// effects. `given` gets their values.
function writeOptions(options, names, given) {
  const tape = new Tape();
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const mistake = tape.entry('options', Array.isArray(options) ? [] : options);
    return { tape, mistake: mistake && ['options', mistake] };
  }
  let mistake;
  tape.letters = '{';
  for (const name of names) {
    let value;
    let why;
    try {
      value = options[name];
    } catch {
      why = UNREADABLE;
    }
    given[name] = value;
    if (value !== undefined) why = tape.entry(name, value);
    if (why !== undefined) mistake ??= [name, why];
  }
  tape.letters += '}';
  return { tape, mistake };
}

// Writes down an engine's settings, all that are there.
function writeSettings(settings) {
  const tape = new Tape();
  const why = tape.entry('settings', settings);
  if (why !== undefined) throw new TypeError(`settings ${why}`);
  return tape;
}

module.exports = { writeOptions, writeSettings };
