// The people's side of the sandbox, call by call.

/** The sandbox refused a call (`status`), or wasn't there at all (`status` 0). */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(method, path, { query = {}, json, form } = {}) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") address.searchParams.set(name, value);
  }
  const request = { method, cache: "no-store" };
  if (json !== undefined) {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(json);
  } else if (form !== undefined) {
    request.body = form;
  }
  let response;
  try {
    response = await fetch(address, request);
  } catch (error) {
    throw new ApiError(0, error.message);
  }
  const text = await response.text();
  let body = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    // Not JSON: the status says enough.
  }
  if (!response.ok) throw new ApiError(response.status, body?.error ?? `${response.status} ${response.statusText}`);
  return body;
}

export const bots = (person) =>
  call("GET", "/sim/bots", { query: { language_code: person.language_code, chat: person.id } });
export const people = () => call("GET", "/sim/people");
export const addPerson = (person) => call("POST", "/sim/people", { json: person });
export const sendText = (bot, person, text) => call("POST", "/sim/messages", { json: { bot, person, text } });
export const tap = (bot, person, message_id, data) =>
  call("POST", "/sim/taps", { json: { bot, person, chat: person, message_id, data } });
export const pay = (bot, person, message_id) => call("POST", "/sim/pay", { json: { bot, person, message_id } });
export const payment = (id) => call("GET", `/sim/payments/${encodeURIComponent(id)}`);
export const callback = (id) => call("GET", `/sim/callbacks/${encodeURIComponent(id)}`);
export const redeliver = (bot, update_id) => call("POST", "/sim/redeliver", { json: { bot, update_id } });
export const block = (bot, person, blocked) => call("POST", "/sim/block", { json: { bot, person, blocked } });
export const fault = (fault) => call("POST", "/sim/faults", { json: fault });
export const transcript = (bot, chat) => call("GET", `/sim/chats/${chat}/messages`, { query: { bot } });
export const eventsAddress = (bot, chat) => `/sim/events?bot=${bot}&chat=${chat}`;

export function upload(bot, person, kind, file, caption) {
  const form = new FormData();
  form.append("file", file, file.name);
  return call("POST", "/sim/uploads", { query: { bot, person, kind, caption }, form });
}
