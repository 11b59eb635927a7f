// Writing: Enter sends, Shift+Enter begins a new line, the field grows with the text and keeps the focus.

import { byId } from "./dom.js";

const MAX_LENGTH = 4096;
const COUNT_FROM = MAX_LENGTH - 200;

export class Composer {
  constructor(send) {
    this.send = send;
    this.field = byId("composer");
    this.field.addEventListener("input", () => this.#fit());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#submit();
      }
    });
    byId("composer-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    // The button must not take the focus: on a phone the keyboard would close after every message.
    byId("send").addEventListener("pointerdown", (event) => event.preventDefault());
    this.#fit();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  /** Puts back a text that couldn't be sent, before whatever was written since. */
  restore(text) {
    this.field.value = this.field.value === "" ? text : `${text}\n${this.field.value}`.slice(0, MAX_LENGTH);
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #submit() {
    const text = this.field.value.trim();
    this.focus();
    if (text === "") return;
    this.field.value = "";
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.send(text, () => this.restore(text));
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    byId("send").classList.toggle("ready", this.field.value.trim() !== "");
    const left = MAX_LENGTH - this.field.value.length;
    const counter = byId("counter");
    counter.hidden = this.field.value.length < COUNT_FROM;
    counter.textContent = String(left);
    counter.classList.toggle("full", left === 0);
  }
}
