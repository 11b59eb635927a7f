// What was said in this chat: messages by id, and who wants to know when they change.

export class Transcript {
  #messages = new Map();
  #known = false;
  #listeners = [];

  /** `listener({ arrived, first })` runs after every change; `arrived` are messages that weren't here before. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  list() {
    return [...this.#messages.values()].sort((a, b) => a.message_id - b.message_id);
  }

  /** Takes over the whole transcript. The first time, nothing in it counts as news. */
  replace(messages) {
    const arrived = messages.filter((message) => !this.#messages.has(message.message_id));
    const first = !this.#known;
    this.#known = true;
    this.#messages = new Map(messages.map((message) => [message.message_id, message]));
    this.#tell({ arrived: first ? [] : arrived, first });
  }

  put(message) {
    const arrived = this.#messages.has(message.message_id) ? [] : [message];
    this.#messages.set(message.message_id, message);
    this.#tell({ arrived, first: false });
  }

  remove(messageId) {
    if (this.#messages.delete(messageId)) this.#tell({ arrived: [], first: false });
  }

  #tell(change) {
    for (const listener of this.#listeners) listener(change);
  }
}
