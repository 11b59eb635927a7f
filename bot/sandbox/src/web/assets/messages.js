// The log: transcript in, elements out. Elements of unchanged messages stay as they are.

import { byId, el, icon } from "./dom.js";
import { formatted } from "./entities.js";
import { clockTime, dayKey, dayName, fullTime, instant } from "./format.js";
import { t } from "./i18n.js";
import { inlineKeyboard } from "./keyboards.js";
import { clipPlayer, documentCard, invoiceCard, photoFigure } from "./media.js";

// Messages of one side that follow each other this fast stand together as one group.
const GROUP_SECONDS = 300;

export class MessageLog {
  #shown = new Map();
  #days = new Map();

  /** `names` gives the two sides' names to screen readers; the rest is called when something in a message is pressed. */
  constructor({ names, taps, onCommand, focusComposer }) {
    Object.assign(this, { names, taps, onCommand, focusComposer });
    this.list = byId("messages");
  }

  render(messages) {
    this.messages = messages;
    const focused = focusedButton();
    const wanted = [];
    const shown = new Map();
    const days = new Map();
    let before = null;
    messages.forEach((message, index) => {
      const date = instant(message.date);
      const day = dayKey(date);
      const newDay = before === null || dayKey(instant(before.date)) !== day;
      if (newDay) {
        const separator = this.#days.get(day) ?? el("li", { class: "day", "data-testid": "day" }, el("span", {}));
        const name = dayName(date);
        if (separator.firstChild.textContent !== name) separator.firstChild.textContent = name;
        days.set(day, separator);
        wanted.push(separator);
      }
      const node = this.#node(message);
      const after = messages[index + 1];
      node.classList.toggle("first", newDay || !together(before, message));
      node.classList.toggle("last", !after || !together(message, after));
      shown.set(message.message_id, { node, source: JSON.stringify(message) });
      wanted.push(node);
      before = message;
    });
    this.#shown = shown;
    this.#days = days;
    arrange(this.list, wanted);
    this.#refocus(focused);
  }

  #node(message) {
    const held = this.#shown.get(message.message_id);
    return held?.source === JSON.stringify(message) ? held.node : this.#build(message);
  }

  #build(message) {
    const mine = message.from === "person";
    const date = instant(message.date);
    const original = this.messages.find(({ message_id }) => message_id === message.reply_to_message_id);
    const meta = el(
      "span",
      { class: "meta" },
      message.edited && el("span", { class: "edited", "data-testid": "edited" }, t("message.edited")),
      el("time", { datetime: date.toISOString(), title: fullTime(date) }, clockTime(date)),
      mine && icon("check"),
    );
    const words = message.text ?? message.caption ?? paymentWords(message);
    const entities = message.entities ?? message.caption_entities ?? [];
    const media = [
      message.photo && photoFigure(message.photo),
      ...["video", "audio", "voice"].map((kind) => message[kind] && clipPlayer(message[kind], kind)),
      message.document && documentCard(message.document),
      message.invoice && invoiceCard(message.invoice),
    ].filter(Boolean);
    const content = words
      ? el("span", { "data-testid": "message-text" }, ...formatted(words, entities, this.onCommand))
      : media.length === 0 && el("em", { class: "unknown" }, t("message.unknown"));
    const bubble = el(
      "div",
      { class: `bubble${message.photo ? " with-photo" : ""}${words ? "" : " bare"}` },
      el("span", { class: "visually-hidden" }, `${mine ? this.names.person : this.names.bot}: `),
      original && this.#quote(original),
      ...media,
      el("div", { class: "text", dir: "auto" }, content, meta),
    );
    return el(
      "li",
      {
        class: `message ${mine ? "out" : "in"}`,
        "data-testid": "message",
        "data-message-id": message.message_id,
        "data-from": message.from,
      },
      el("div", { class: "body" }, bubble, inlineKeyboard(message, this.taps)),
    );
  }

  #quote(original) {
    const words = original.text ?? original.caption ?? original.document?.file_name ?? t("photo.viewer");
    const name = original.from === "person" ? this.names.person : this.names.bot;
    return el("blockquote", { class: "quote", "data-testid": "quote" }, el("b", {}, name), el("span", {}, words));
  }

  /** A bot edits a message while its button has the focus: the button in the same place gets it, else the composer. */
  #refocus(focused) {
    if (!focused || document.contains(focused.node)) return;
    const held = this.#shown.get(focused.messageId);
    const again = held?.node.querySelector(`[data-place="${focused.place}"]`);
    if (again) again.focus({ preventScroll: true });
    else this.focusComposer();
  }
}

/** What a service message about a payment says. */
function paymentWords({ successful_payment: paid, refunded_payment: back }) {
  if (paid) return t("payment.paid", { stars: paid.total_amount });
  if (back) return t("payment.refunded", { stars: back.total_amount });
  return undefined;
}

function together(a, b) {
  return a !== null && a.from === b.from && b.date - a.date < GROUP_SECONDS;
}

function focusedButton() {
  const node = document.activeElement;
  const message = node?.closest?.(".message");
  if (!message) return null;
  return { node, messageId: Number(message.dataset.messageId), place: node.dataset.place ?? "" };
}

/** Makes `wanted` the list's children, moving and touching only what differs. */
function arrange(list, wanted) {
  const keep = new Set(wanted);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const node of wanted) {
    if (node === next) next = next.nextElementSibling;
    else list.insertBefore(node, next);
  }
}
