// Keeps a chat in step with the sandbox.
//
// One mechanism serves the first load, a lost connection and a tab that comes back: read the whole transcript, then apply
// the events that came meanwhile. (Only messages after the last known one would miss what was edited or deleted.)
//
// A browser opens at most six connections to one host, and an event stream holds one for good. So only a visible tab
// streams; a hidden one looks again every few seconds, which is enough for the mark in its title.

import { ApiError, eventsAddress, transcript } from "./api.js";

const KINDS = ["message", "edited", "deleted", "action", "answer", "payment", "commands"];
const HIDDEN_POLL_MS = 3000;
const RETRY_MS = [300, 600, 1200, 2500, 5000];

export class Live {
  #stream = null;
  #timer = 0;
  #failures = 0;
  #run = 0;

  /**
   * `onTranscript(messages)` gets all messages, `onEvent(kind, payload)` what happens after them, `onState("live"|"lost")`
   * how the connection is, and `onGone()` is called when the sandbox doesn't know the bot any more.
   */
  constructor({ bot, chat, prepare, onTranscript, onEvent, onState, onGone }) {
    Object.assign(this, { bot, chat, prepare, onTranscript, onEvent, onState, onGone });
    this.visibility = () => this.#begin();
  }

  start() {
    document.addEventListener("visibilitychange", this.visibility);
    this.#begin();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.visibility);
    this.#end();
  }

  #end() {
    this.#run += 1;
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#timer);
  }

  #begin() {
    this.#end();
    if (document.hidden) this.#poll(this.#run);
    else this.#follow(this.#run);
  }

  #follow(run) {
    const stream = new EventSource(eventsAddress(this.bot, this.chat));
    this.#stream = stream;
    let waiting = [];
    for (const kind of KINDS) {
      stream.addEventListener(kind, (event) => {
        const payload = JSON.parse(event.data);
        if (waiting) waiting.push([kind, payload]);
        else this.onEvent(kind, payload);
      });
    }
    stream.onopen = async () => {
      if (!(await this.#read(run))) return;
      for (const [kind, payload] of waiting) this.onEvent(kind, payload);
      waiting = null;
    };
    stream.onerror = async () => {
      stream.close();
      // An error event carries no status: the transcript tells a sandbox that is away from a bot that is gone.
      if (run === this.#run && (await this.#read(run))) this.#lose();
    };
  }

  async #poll(run) {
    if (await this.#read(run)) this.#timer = setTimeout(() => this.#poll(run), HIDDEN_POLL_MS);
  }

  /** Reads the transcript; true when it was taken over and this run is still the current one. */
  async #read(run) {
    try {
      await this.prepare();
      const messages = await transcript(this.bot, this.chat);
      if (run !== this.#run) return false;
      this.#failures = 0;
      this.onTranscript(messages);
      this.onState("live");
      return true;
    } catch (error) {
      if (run !== this.#run) return false;
      if (error instanceof ApiError && error.status === 404) {
        this.stop();
        this.onGone();
      } else {
        this.#lose();
      }
      return false;
    }
  }

  #lose() {
    this.#end();
    this.onState("lost");
    const delay = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#begin(), delay);
  }
}
