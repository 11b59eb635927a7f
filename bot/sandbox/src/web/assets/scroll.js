// Follows the latest message, unless the person is reading further up.

import { byId } from "./dom.js";

// So near to the end counts as "at the end", in CSS pixels.
const NEAR = 80;

export class Follower {
  #following = true;
  #unseen = 0;
  #size = "";

  constructor() {
    this.log = byId("log");
    this.button = byId("jump");
    this.log.addEventListener("scroll", () => this.#look(), { passive: true });
    this.button.addEventListener("click", () => this.toLatest());
    // Pictures that load, a phone's keyboard that opens, a message that an edit makes longer.
    const observer = new ResizeObserver(() => {
      this.#size = this.#measure();
      if (this.#following) this.#jump();
      this.#show();
    });
    observer.observe(this.log);
    observer.observe(byId("messages"));
  }

  /** News came: follow it, or count it on the button. The person's own message always brings the end into view. */
  arrived(messages) {
    if (messages.some((message) => message.from === "person")) this.#following = true;
    if (this.#following) this.#jump();
    else this.#unseen += messages.length;
    this.#show();
  }

  toLatest() {
    this.#following = true;
    const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: smooth ? "smooth" : "auto" });
    this.#unseen = 0;
    this.#show();
  }

  #jump() {
    this.log.scrollTop = this.log.scrollHeight;
    this.#unseen = 0;
  }

  #measure() {
    return `${this.log.scrollHeight}/${this.log.clientHeight}`;
  }

  /** Only the person's own scrolling stops the following; a scroll event that a change of size brought does not. */
  #look() {
    const distance = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight;
    if (distance < NEAR) this.#following = true;
    else if (this.#measure() === this.#size) this.#following = false;
    if (this.#following) this.#unseen = 0;
    this.#show();
  }

  #show() {
    this.button.hidden = this.#following;
    const count = byId("jump-count");
    count.hidden = this.#unseen === 0;
    count.textContent = String(this.#unseen);
  }
}
