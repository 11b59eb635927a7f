// The commands menu: all of them by the button, those that match by typing "/".

import { byId, el } from "./dom.js";

export class CommandMenu {
  #commands = [];
  #matches = [];
  #active = -1;

  constructor(send) {
    this.send = send;
    this.list = byId("command-list");
    this.button = byId("commands");
    this.field = byId("composer");
    this.button.addEventListener("click", () => {
      if (this.isOpen) this.close();
      else this.#show(this.#commands);
      this.field.focus();
    });
    this.field.addEventListener("input", () => this.#filter());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    // A press on an entry would take the focus from the composer, and the list would be gone before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    document.addEventListener("pointerdown", (event) => {
      if (!this.list.contains(event.target) && !this.button.contains(event.target)) this.close();
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  set(commands) {
    this.#commands = commands ?? [];
    this.button.hidden = this.#commands.length === 0;
    if (this.isOpen) this.#filter();
  }

  close() {
    this.#show([]);
  }

  #filter() {
    const typed = /^\/([a-z0-9_]*)$/i.exec(this.field.value)?.[1].toLowerCase();
    this.#show(typed === undefined ? [] : this.#commands.filter(({ command }) => command.startsWith(typed)));
  }

  #show(matches) {
    this.#matches = matches;
    this.list.hidden = matches.length === 0;
    this.list.replaceChildren(
      ...matches.map(({ command, description }, index) =>
        el(
          "li",
          {
            id: `command-${index}`,
            role: "option",
            "aria-selected": "false",
            "data-testid": "command",
            "data-command": command,
            onclick: () => this.#choose(index),
          },
          el("span", { class: "command-name" }, `/${command}`),
          el("span", { class: "command-description" }, description),
        ),
      ),
    );
    for (const node of [this.button, this.field]) node.setAttribute("aria-expanded", String(this.isOpen));
    this.#activate(-1);
  }

  #activate(index) {
    this.#active = index;
    [...this.list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
    const item = this.list.children[index];
    if (item) {
      this.field.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else {
      this.field.removeAttribute("aria-activedescendant");
    }
  }

  #choose(index) {
    const { command } = this.#matches[index];
    this.close();
    this.field.value = "";
    this.send(`/${command}`);
  }

  /** Enter sends what was typed, unless an entry was chosen with the arrows: a stray "/" must not send a command. */
  #key(event) {
    if (!this.isOpen || event.isComposing) return;
    const count = this.#matches.length;
    if (event.key === "ArrowDown") this.#activate((this.#active + 1) % count);
    else if (event.key === "ArrowUp") this.#activate((Math.max(this.#active, 0) - 1 + count) % count);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && !event.shiftKey && this.#active >= 0) this.#choose(this.#active);
    else if (event.key === "Tab" && !event.shiftKey) this.#complete();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #complete() {
    const { command } = this.#matches[Math.max(this.#active, 0)];
    this.field.value = `/${command}`;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
