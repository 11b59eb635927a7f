// Who is writing: the people to switch between, and new ones.

import * as api from "./api.js";
import { byId, closable, el, icon, paintAvatar } from "./dom.js";
import { label, t } from "./i18n.js";
import { failed } from "./notices.js";

const FIRST_PERSON = 1001;

/** The page's address for a person with a bot. */
export function address(person, bot) {
  const url = new URL("/", location.origin);
  url.searchParams.set("person", person);
  if (bot) url.searchParams.set("bot", bot);
  return url.pathname + url.search;
}

/** The person and bot that the address names. */
export function fromAddress() {
  const query = new URLSearchParams(location.search);
  const number = (name) => (/^\d{1,15}$/.test(query.get(name) ?? "") ? Number(query.get(name)) : null);
  return { person: number("person") ?? FIRST_PERSON, bot: number("bot") };
}

export const fullName = (person) => [person.first_name, person.last_name].filter(Boolean).join(" ");

/**
 * The person with this id. A sandbox that was started anew has forgotten the people made in the page, so the tab
 * remembers its own and brings it back under its id.
 */
export async function ensurePerson(id) {
  const saved = `person-${id}`;
  const known = (await api.people()).find((person) => person.id === id);
  if (known) {
    sessionStorage.setItem(saved, JSON.stringify(known));
    return known;
  }
  const remembered = JSON.parse(sessionStorage.getItem(saved) ?? "null");
  const answer = await api.addPerson(remembered ?? { id, first_name: `Person ${id}`, language_code: "en" });
  return { ...remembered, ...answer };
}

export async function showPeople(me, bot) {
  const people = await api.people();
  byId("people").replaceChildren(...people.map((person) => entry(person, person.id === me, bot)));
}

function entry(person, current, bot) {
  const name = fullName(person);
  const href = address(person.id, bot);
  const avatar = el("span", { class: "avatar avatar-small", "aria-hidden": "true" });
  paintAvatar(avatar, name, person.id);
  const tab = el("a", { class: "icon-button", href, target: "_blank", "data-testid": "person-tab" }, icon("tab"));
  label(tab, t("people.tab", { name }));
  tab.title = t("people.tab", { name });
  return el(
    "li",
    { class: current ? "person current" : "person" },
    el(
      "a",
      { class: "person-link", href, "aria-current": current && "page", "data-testid": "person", "data-person": person.id },
      avatar,
      el("span", { class: "person-name" }, name),
      el("span", { class: "person-language" }, person.language_code ?? ""),
    ),
    tab,
  );
}

export function setUpNewPerson(me, currentBot) {
  const dialog = byId("person-dialog");
  closable(dialog);
  byId("new-person").addEventListener("click", () => {
    byId("person-name").value = "";
    dialog.showModal();
  });
  byId("person-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const first_name = byId("person-name").value.trim();
    if (first_name === "") return;
    try {
      const { id } = await api.addPerson({ first_name, language_code: byId("person-language").value });
      dialog.close();
      await showPeople(me, currentBot());
      // A browser that blocks the new tab gets the person in this one.
      if (!window.open(address(id, currentBot()), "_blank")) location.assign(address(id, currentBot()));
    } catch (error) {
      failed(error);
    }
  });
}

/** A chooser for the bot, where there is more than one. */
export function showBots(bots, current, person) {
  byId("bots-panel").hidden = bots.length < 2;
  const select = byId("bots");
  select.replaceChildren(
    ...bots.map((bot) => el("option", { value: bot.id, selected: bot.id === current }, bot.first_name || bot.username)),
  );
  select.onchange = () => location.assign(address(person, select.value));
}

/** On a narrow page the people and tools slide in from the side. */
export function setUpSide() {
  const side = byId("side");
  const opener = byId("side-open");
  const set = (open) => {
    side.classList.toggle("open", open);
    opener.setAttribute("aria-expanded", String(open));
    (open ? byId("side-close") : opener).focus();
  };
  opener.addEventListener("click", () => set(true));
  byId("side-close").addEventListener("click", () => set(false));
  byId("side-shade").addEventListener("click", () => set(false));
  side.addEventListener("keydown", (event) => event.key === "Escape" && side.classList.contains("open") && set(false));
}
