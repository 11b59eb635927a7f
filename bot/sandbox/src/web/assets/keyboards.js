// Inline keyboards below messages, and the reply keyboard below the composer.

import * as api from "./api.js";
import { byId, el, icon } from "./dom.js";
import { safeAddress } from "./entities.js";
import { label, t } from "./i18n.js";
import { alertWith, failed, toast } from "./notices.js";
import { Payments } from "./payments.js";

// A bot that hasn't answered by then never will; Telegram's apps stop turning about then too.
const GIVE_UP_MS = 30_000;

/** The pressed buttons whose callbacks the bot hasn't answered yet. */
export class Taps {
  #pending = new Map();
  #early = new Map();
  last = null;

  constructor(bot, person) {
    Object.assign(this, { bot, person, payments: new Payments(bot, person, paintPending) });
  }

  isPending(messageId, data) {
    return [...this.#pending.values()].some((tap) => tap.messageId === messageId && tap.data === data);
  }

  async press(messageId, data) {
    this.last = { messageId, data };
    const tap = { messageId, data };
    const key = Symbol();
    this.#pending.set(key, tap);
    this.#paint(tap);
    try {
      const { callback_query_id: id } = await api.tap(this.bot, this.person, messageId, data);
      this.#pending.delete(key);
      if (this.#early.has(id)) {
        this.#early.delete(id);
      } else {
        this.#pending.set(id, tap);
        setTimeout(() => this.#settle(id), GIVE_UP_MS);
      }
    } catch (error) {
      this.#pending.delete(key);
      failed(error);
    }
    this.#paint(tap);
  }

  /** The bot's answer, which may overtake the reply to the press itself. */
  answered({ callback_query_id: id, text, show_alert }) {
    if (!this.#settle(id)) {
      if (this.#early.has(id)) return;
      this.#early.set(id, true);
    }
    if (!text) return;
    if (show_alert) alertWith(text);
    else toast(text);
  }

  /** After a gap in the connection: asks for the answers that may have come in it. */
  async catchUp() {
    for (const id of [...this.#pending.keys()].filter((key) => typeof key === "string")) {
      try {
        const state = await api.callback(id);
        if (state.answered) this.answered({ callback_query_id: id, ...state });
      } catch {
        this.#settle(id);
      }
    }
  }

  #settle(id) {
    const tap = this.#pending.get(id);
    this.#pending.delete(id);
    if (tap) this.#paint(tap);
    return tap !== undefined;
  }

  #paint({ messageId, data }) {
    const pending = this.isPending(messageId, data);
    for (const button of document.querySelectorAll(`[data-message-id="${messageId}"] .inline-button`)) {
      if (button.dataset.callback === data) paintPending(button, pending);
    }
  }
}

function paintPending(button, pending) {
  button.classList.toggle("pending", pending);
  button.setAttribute("aria-busy", String(pending));
}

export function inlineKeyboard(message, taps) {
  const rows = (message.inline_keyboard ?? []).filter((row) => row.length > 0);
  if (rows.length === 0) return null;
  return el(
    "div",
    { class: "inline-keyboard", "data-testid": "inline-keyboard" },
    ...rows.map((row, y) =>
      el("div", { class: "keyboard-row" }, ...row.map((button, x) => inlineButton(message, button, `${y}:${x}`, taps))),
    ),
  );
}

function inlineButton(message, button, place, taps) {
  const attributes = {
    class: `inline-button ${["primary", "success", "danger"].includes(button.style) ? button.style : ""}`,
    "data-testid": "inline-button",
    "data-place": place,
  };
  const words = el("span", { class: "button-words" }, button.text);
  const address = button.url && safeAddress(button.url);
  if (address) {
    return el("a", { ...attributes, href: address, target: "_blank", rel: "noopener noreferrer" }, words, icon("link"));
  }
  const node = el(
    "button",
    { ...attributes, type: "button", "data-callback": button.callback_data, "data-pay": button.pay ? "yes" : undefined },
    words,
    el("span", { class: "spinner", "aria-hidden": "true" }),
  );
  node.addEventListener("click", () => {
    if (button.callback_data !== undefined) taps.press(message.message_id, button.callback_data);
    else if (button.pay) taps.payments.pay(message.message_id);
    else if (button.copy_text) copy(button.copy_text.text);
    else toast(t("button.unsupported"));
  });
  if (button.pay) paintPending(node, taps.payments.isPending(message.message_id));
  if (button.callback_data !== undefined) paintPending(node, taps.isPending(message.message_id, button.callback_data));
  return node;
}

async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    toast(t("button.copied"));
  } catch (error) {
    failed(error);
  }
}

/** The keyboard that the last message with one brought, until a message takes it away. */
export class ReplyKeyboard {
  #source = "";
  #folded = false;
  #oneTime = false;

  constructor(send) {
    this.send = send;
    this.node = byId("reply-keyboard");
    this.toggle = byId("keyboard-toggle");
    this.toggle.addEventListener("click", () => this.#fold(!this.#folded));
  }

  render(messages) {
    const message = messages.findLast((one) => one.reply_keyboard);
    const keyboard = message?.reply_keyboard ?? null;
    const source = JSON.stringify([message?.message_id, keyboard]);
    if (source === this.#source) return;
    this.#source = source;
    const rows = keyboard?.keyboard ?? [];
    this.#oneTime = keyboard?.one_time_keyboard === true;
    byId("composer").placeholder = keyboard?.input_field_placeholder ?? t("composer.placeholder");
    this.node.replaceChildren(...rows.map((row) => el("div", { class: "keyboard-row" }, ...row.map((one) => this.#button(one)))));
    this.toggle.hidden = rows.length === 0;
    this.#fold(false);
  }

  #button(button) {
    const words = typeof button === "string" ? button : button.text;
    const special = typeof button === "object" && Object.keys(button).some((key) => /^(request_|web_app)/.test(key) && button[key]);
    const press = () => {
      if (special) return toast(t("button.unsupported"));
      this.send(words);
      if (this.#oneTime) this.#fold(true);
    };
    return el("button", { type: "button", class: "reply-button", "data-testid": "reply-button", onclick: press }, words);
  }

  #fold(folded) {
    this.#folded = folded;
    this.node.hidden = folded || this.node.childElementCount === 0;
    this.toggle.setAttribute("aria-expanded", String(!this.node.hidden));
    label(this.toggle, t("keyboard.toggle"));
  }
}
