// The page's entry: who writes, with which bot, and how the parts hang together.

import * as api from "./api.js";
import { CommandMenu } from "./commands.js";
import { Composer } from "./composer.js";
import { byId, paintAvatar } from "./dom.js";
import { speak, t } from "./i18n.js";
import { ReplyKeyboard, Taps } from "./keyboards.js";
import { Live } from "./live.js";
import { setUpViewer } from "./media.js";
import { MessageLog } from "./messages.js";
import { failed, setUpNotices } from "./notices.js";
import { address, ensurePerson, fromAddress, fullName, setUpNewPerson, setUpSide, showBots, showPeople } from "./people.js";
import { Follower } from "./scroll.js";
import { Status, Unread } from "./status.js";
import { Tools } from "./tools.js";
import { Transcript } from "./transcript.js";
import { Uploads } from "./uploads.js";

const LOOK_AGAIN_MS = 1000;

// What the sandbox answers to a person who has blocked the bot.
const CONFLICT = 409;

const status = new Status();
const unread = new Unread();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Shows the waiting page until the bot that the address names, or any bot, is there. */
async function waitForBot(person, wanted) {
  for (;;) {
    try {
      const bots = await api.bots(person);
      const bot = wanted === null ? bots[0] : bots.find(({ id }) => id === wanted);
      connection("live");
      showBots(bots, bot?.id, person.id);
      if (bot) return bot;
      waiting(true);
    } catch {
      connection("lost");
    }
    await pause(LOOK_AGAIN_MS);
  }
}

/** Asks until the sandbox answers. */
async function insist(question) {
  for (;;) {
    try {
      const answer = await question();
      connection("live");
      return answer;
    } catch {
      connection("lost");
      await pause(LOOK_AGAIN_MS);
    }
  }
}

function waiting(is) {
  byId("waiting").hidden = !is;
  for (const id of ["log-frame", "dock"]) byId(id).hidden = is;
  byId("bot-avatar").hidden = is;
  if (is) {
    byId("bot-name").textContent = "Stepkeep";
    byId("waiting-address").textContent = location.origin;
    status.idle(t("status.waiting"));
  }
}

function connection(state) {
  byId("connection").hidden = state === "live";
}

function showBot(bot, person) {
  const name = bot.first_name || bot.username;
  byId("bot-name").textContent = name;
  byId("welcome-name").textContent = name;
  paintAvatar(byId("bot-avatar"), name, bot.id);
  paintAvatar(byId("welcome-avatar"), name, bot.id);
  unread.name(`${name} · ${fullName(person)}`);
  status.idle(t("status.bot"));
  waiting(false);
}

/**
 * Sends one text after another, so that they arrive in the order in which they were written. `onSent(answer)` and
 * `onBlocked()` tell what became of each.
 */
function sender(bot, person, { onSent, onBlocked }) {
  let last = Promise.resolve();
  return (text, onFailure) => {
    last = last.then(async () => {
      try {
        onSent(await api.sendText(bot, person, text));
      } catch (error) {
        if (error.status === CONFLICT) onBlocked();
        else failed(error);
        onFailure?.();
      }
    });
  };
}

function chat(bot, person) {
  const transcript = new Transcript();
  const taps = new Taps(bot.id, person.id);
  const follower = new Follower();
  let lastUpdate = null;
  const onSent = (sent) => {
    lastUpdate = sent.update_id;
  };
  const send = sender(bot.id, person.id, {
    onSent,
    onBlocked: () => tools.showBlocked(true),
  });
  // The menu listens first: while it is open, Enter and the arrows are its own.
  const commands = new CommandMenu(send);
  const composer = new Composer(send);
  const replies = new ReplyKeyboard(send);
  const uploads = new Uploads(bot.id, person.id, { onSent, whenClosed: () => composer.focus() });
  const tools = new Tools({ bot: bot.id, person: person.id, taps, lastUpdate: () => lastUpdate });
  const log = new MessageLog({
    names: { bot: bot.first_name, person: t("message.you") },
    taps,
    onCommand: (command) => send(command),
    focusComposer: () => composer.focus(),
  });

  transcript.onChange(({ arrived }) => {
    const messages = transcript.list();
    const empty = messages.length === 0;
    log.render(messages);
    replies.render(messages);
    byId("welcome").hidden = !empty;
    byId("start").hidden = !empty;
    follower.arrived(arrived);
    unread.arrived(arrived);
    if (arrived.some((message) => message.from === "bot")) status.idle(t("status.bot"));
  });
  byId("start").addEventListener("click", () => {
    send("/start");
    composer.focus();
  });

  const loadCommands = async () => {
    const known = (await api.bots(person)).find(({ id }) => id === bot.id);
    commands.set(known?.commands);
  };
  const handlers = {
    message: (message) => transcript.put(message),
    edited: (message) => transcript.put(message),
    deleted: ({ message_id }) => transcript.remove(message_id),
    action: ({ action }) => status.action(action),
    answer: (answer) => taps.answered(answer),
    payment: (answer) => taps.payments.answered(answer),
    commands: () => loadCommands().catch(failed),
  };
  const live = new Live({
    bot: bot.id,
    chat: person.id,
    prepare: async () => {
      await ensurePerson(person.id);
      await loadCommands();
    },
    onTranscript: (messages) => {
      byId("log").setAttribute("aria-busy", "true");
      transcript.replace(messages);
      byId("log").setAttribute("aria-busy", "false");
      taps.catchUp();
    },
    onEvent: (kind, payload) => handlers[kind](payload),
    onState: connection,
    onGone: () => location.reload(),
  });
  live.start();
  if (!matchMedia("(pointer: coarse)").matches) composer.focus();
}

async function main() {
  const wanted = fromAddress();
  speak(navigator.language);
  setUpSide();
  setUpNotices();
  setUpViewer();
  const person = await insist(() => ensurePerson(wanted.person));
  speak(person.language_code);
  byId("whoami").textContent = person.first_name;
  unread.name(`Stepkeep · ${fullName(person)}`);
  let botId = wanted.bot;
  setUpNewPerson(person.id, () => botId);
  const refreshPeople = () => showPeople(person.id, botId);
  await insist(refreshPeople);
  window.addEventListener("focus", () => refreshPeople().catch(() => {}));

  const bot = await waitForBot(person, wanted.bot);
  botId = bot.id;
  history.replaceState(null, "", address(person.id, bot.id));
  showBot(bot, person);
  await insist(refreshPeople);
  chat(bot, person);
}

main();
