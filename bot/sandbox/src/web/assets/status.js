// The line under the bot's name, and the mark in the tab's title.

import { byId, el } from "./dom.js";
import { t } from "./i18n.js";

// A chat action holds for so long, unless a message comes first.
const ACTION_MS = 5000;

export class Status {
  #timer = 0;

  idle(words) {
    clearTimeout(this.#timer);
    byId("bot-status").replaceChildren(words);
    byId("bot-status").classList.remove("active");
  }

  action(name) {
    const words = name.startsWith("upload_photo") ? "status.photo" : name.startsWith("upload_") ? "status.file" : "status.typing";
    const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    byId("bot-status").replaceChildren(el("span", { "data-testid": "typing" }, t(words)), dots);
    byId("bot-status").classList.add("active");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.idle(t("status.bot")), ACTION_MS);
  }
}

/** Counts what the bot wrote while nobody looked. */
export class Unread {
  #count = 0;
  #title = document.title;

  constructor() {
    const seen = () => {
      if (document.hidden || !document.hasFocus()) return;
      this.#count = 0;
      this.#show();
    };
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("focus", seen);
  }

  name(title) {
    this.#title = title;
    this.#show();
  }

  arrived(messages) {
    if (!document.hidden && document.hasFocus()) return;
    this.#count += messages.filter((message) => message.from === "bot").length;
    this.#show();
  }

  #show() {
    document.title = this.#count > 0 ? `(${this.#count}) ${this.#title}` : this.#title;
  }
}
