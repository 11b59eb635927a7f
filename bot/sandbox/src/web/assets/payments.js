// Paying invoices: the "Pay" button turns until the bot has answered, or until Telegram would give up.

import * as api from "./api.js";
import { t } from "./i18n.js";
import { alertWith, failed } from "./notices.js";

// A little longer than the bot has, so that an answer in the last moment counts.
const GIVE_UP_MS = 10_500;

export class Payments {
  #pending = new Map();
  #early = new Map();

  /** `paint(button, pending)` shows that a button turns, or doesn't. */
  constructor(bot, person, paint) {
    Object.assign(this, { bot, person, paint });
  }

  isPending(messageId) {
    return [...this.#pending.values()].includes(messageId);
  }

  async pay(messageId) {
    if (this.isPending(messageId)) return;
    const key = Symbol();
    this.#pending.set(key, messageId);
    this.#paint(messageId);
    try {
      const { pre_checkout_query_id: id } = await api.pay(this.bot, this.person, messageId);
      this.#pending.set(id, messageId);
      this.#pending.delete(key);
      const early = this.#early.get(id);
      this.#early.delete(id);
      if (early) this.answered(early);
      else setTimeout(() => this.#giveUp(id), GIVE_UP_MS);
    } catch (error) {
      this.#pending.delete(key);
      failed(error);
    }
    this.#paint(messageId);
  }

  /** What the bot said before the payment, which may overtake the reply to the press itself. */
  answered(answer) {
    const { pre_checkout_query_id: id, state, error_message: reason } = answer;
    const messageId = this.#pending.get(id);
    if (messageId === undefined) {
      this.#early.set(id, answer);
      return;
    }
    this.#pending.delete(id);
    this.#paint(messageId);
    if (state === "refused") alertWith(reason);
    if (state === "expired") alertWith(t("payment.expired"));
  }

  /** The answer may have come while the connection was lost. */
  async #giveUp(id) {
    if (!this.#pending.has(id)) return;
    try {
      const answer = await api.payment(id);
      this.answered({ pre_checkout_query_id: id, ...answer, state: answer.state === "waiting" ? "expired" : answer.state });
    } catch {
      this.answered({ pre_checkout_query_id: id, state: "expired" });
    }
  }

  #paint(messageId) {
    const pending = this.isPending(messageId);
    for (const button of document.querySelectorAll(`[data-message-id="${messageId}"] .inline-button[data-pay]`)) {
      this.paint(button, pending);
    }
  }
}
