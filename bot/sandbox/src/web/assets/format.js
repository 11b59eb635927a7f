// Times, days and sizes as the person reads them.

import { language, t } from "./i18n.js";

const formats = new Map();

function dateFormat(options) {
  const key = language() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language(), options));
  return formats.get(key);
}

export const instant = (seconds) => new Date(seconds * 1000);

export const clockTime = (date) => dateFormat({ hour: "2-digit", minute: "2-digit", hour12: false }).format(date);

export const fullTime = (date) => dateFormat({ dateStyle: "long", timeStyle: "medium" }).format(date);

export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;

/** "Today", "Yesterday", else the day, with the year when it isn't this one. */
export function dayName(date, now = new Date()) {
  if (dayKey(date) === dayKey(now)) return t("log.today");
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayKey(date) === dayKey(yesterday)) return t("log.yesterday");
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return dateFormat({ day: "numeric", month: "long", year }).format(date);
}

/** A size in bytes, in the unit in which it is short. */
export function fileSize(bytes) {
  const units = t("units");
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toLocaleString(language(), { maximumFractionDigits: digits })} ${units[unit]}`;
}
