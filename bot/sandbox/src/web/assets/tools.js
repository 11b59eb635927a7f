// The sandbox tools: what happens to a bot in the wild, on demand.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { failed, toast } from "./notices.js";

export class Tools {
  #blocked = false;

  /** `lastUpdate()` is the update id of the person's last message, or null. */
  constructor({ bot, person, taps, lastUpdate }) {
    Object.assign(this, { bot, person, taps, lastUpdate });
    const actions = {
      "redeliver": () => this.#redeliver(),
      "tap-again": () => this.#tapAgain(),
      "fail-429": () => this.#fault({ status: 429, retry_after: 3 }),
      "fail-500": () => this.#fault({ status: 500 }),
      "block": () => this.#block(!this.#blocked),
    };
    for (const button of byId("tools").querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.#run(actions[button.dataset.tool]));
    }
    byId("unblock").addEventListener("click", () => this.#run(() => this.#block(false)));
  }

  showBlocked(blocked) {
    this.#blocked = blocked;
    byId("blocked").hidden = !blocked;
    byId("composer-form").hidden = blocked;
    byId("tools").querySelector("[data-tool=block]").textContent = t(blocked ? "tools.unblock" : "tools.block");
  }

  async #run(action) {
    try {
      const said = await action();
      toast(said ?? t("tools.done"));
    } catch (error) {
      failed(error);
    }
  }

  async #redeliver() {
    const update = this.lastUpdate();
    if (update === null) return t("tools.no_message");
    await api.redeliver(this.bot, update);
  }

  async #tapAgain() {
    if (this.taps.last === null) return t("tools.no_tap");
    await this.taps.press(this.taps.last.messageId, this.taps.last.data);
  }

  async #fault(what) {
    await api.fault({ bot: this.bot, chat: this.person, method: "sendMessage", times: 1, ...what });
  }

  async #block(blocked) {
    await api.block(this.bot, this.person, blocked);
    this.showBlocked(blocked);
  }
}
