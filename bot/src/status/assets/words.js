// What the page says, in English and Russian, and how it writes numbers and times.

const ENGLISH = {
  dashboard: "Stepkeep dashboard",
  howToSignIn: "Sign in with the token of STEPKEEP_STATUS_TOKEN, or open the newest link of the bot's log.",
  token: "Token",
  signIn: "Sign in",
  signOut: "Sign out",
  wrongToken: "That is not the token, or the link was used before.",
  closed: "The dashboard is closed: others can reach this address, and there is no token. Set STEPKEEP_STATUS_TOKEN, and start the bot again.",
  signedOut: "You are signed out.",
  live: "Live",
  connecting: "Connecting",
  disconnected: "Disconnected",
  lost: (ago) => `The bot answered last ${ago}. What you see is old; it goes on by itself when the bot is back.`,
  ready: "Ready",
  notReady: "Not ready",
  draining: "Stopping",
  starting: "Starting",
  polling: "polling",
  webhook: "webhook",
  leader: "leader",
  standby: "stands by",
  up: (time) => `up ${time}`,
  inDialogue: "In a dialogue",
  ofSessions: (count) => `of ${count} sessions`,
  turnTime: "Turns, 95 of 100 within",
  turnsIn30: (count) => `${count} turns in 30 min`,
  backlog: "Under way",
  backlogNote: (conversations, calls) => `${conversations} conversations, ${calls} outside calls`,
  heldBack: (count) => `${count} wait behind one that comes again`,
  pending: "Waiting at Telegram",
  lastUpdate: (ago) => `last update ${ago}`,
  noUpdate: "no update yet",
  deadLetters: "Dead letters",
  deadLettersNote: "stepkeep dead-letters list",
  errors: "Errors",
  errorsNote: "since the start",
  people: "People by step",
  peopleNote: (ago, took) => `counted ${ago}, in ${took}`,
  partly: (count) => `only the first ${count} sessions were counted`,
  counting: "People are being counted.",
  countFailed: (kind) => `People can't be counted: ${kind}`,
  unreadable: (count) => `${count} records can't be read`,
  step: "Step",
  share: "Share",
  here: "Here",
  arrived: "30 min",
  arrivedLong: "Answers that led here in 30 minutes",
  longest: "Longest",
  stuck: "Longest without a move",
  stuckNote: "names are made up; nobody's id is shown",
  person: "Person",
  place: "Place",
  since: "Since",
  lastError: "Last error",
  waitsFor: (what) => `waits for ${what}`,
  nobody: "Nobody waits in a dialogue.",
  latency: "How long turns take",
  latencyNote: "each point is ten seconds",
  noTurns: "There was no turn in the last 30 minutes.",
  chartSays: (count, p50, p95, p99) => `${count} turns in 30 minutes: half within ${p50}, 95 of 100 within ${p95}, 99 of 100 within ${p99}`,
  turns: "turns",
  minutesAgo: (minutes) => (minutes === 0 ? "now" : `-${minutes} min`),
  feed: "Errors, newest first",
  kind: "Kind",
  what: "What happened",
  count: "Times",
  when: "Last",
  noErrors: "None since the bot started.",
  store: "Store",
  outside: "Outside calls",
  caches: "Caches",
  operation: "Operation",
  calls: "Calls",
  failed: "Failed",
  half: "50 %",
  tail: "95 %",
  last: "99 %",
  in10: "in the last 10 minutes",
  noCalls: "None in the last 10 minutes.",
  noCaches: "There is none.",
  cache: "Cache",
  hitRate: "Hit rate",
  entries: "Entries",
  telegram: "Telegram",
  checks: "Checks",
  fine: "all is well",
  mode: "Updates come by",
  address: "Webhook",
  lastFailure: "Last failed call",
  none: "none",
  bot: "Bot",
  storeOk: "answers",
  warnings: "Warnings",
  answered: "Answered",
  cameAgain: "came again",
  failedCount: "failed",
  ago: (time) => `${time} ago`,
  justNow: "just now",
};

const RUSSIAN = {
  dashboard: "Панель Stepkeep",
  howToSignIn: "Войдите с токеном из STEPKEEP_STATUS_TOKEN или откройте последнюю ссылку из журнала бота.",
  token: "Токен",
  signIn: "Войти",
  signOut: "Выйти",
  wrongToken: "Это не тот токен, или ссылка уже использована.",
  closed: "Панель закрыта: этот адрес доступен другим, а токена нет. Задайте STEPKEEP_STATUS_TOKEN и перезапустите бота.",
  signedOut: "Вы вышли.",
  live: "На связи",
  connecting: "Подключение",
  disconnected: "Нет связи",
  lost: (ago) => `Последний ответ бота: ${ago}. Данные устарели; когда бот вернётся, они обновятся сами.`,
  ready: "Готов",
  notReady: "Не готов",
  draining: "Останавливается",
  starting: "Запускается",
  polling: "опрос",
  webhook: "вебхук",
  leader: "ведущий",
  standby: "в резерве",
  up: (time) => `работает ${time}`,
  inDialogue: "В диалоге",
  ofSessions: (count) => `всего сессий: ${count}`,
  turnTime: "Ходы: 95 из 100 за",
  turnsIn30: (count) => `ходов за 30 мин: ${count}`,
  backlog: "В работе",
  backlogNote: (conversations, calls) => `бесед: ${conversations}, внешних вызовов: ${calls}`,
  heldBack: (count) => `ждут повтора: ${count}`,
  pending: "Ждут в Telegram",
  lastUpdate: (ago) => `последнее: ${ago}`,
  noUpdate: "обновлений ещё не было",
  deadLetters: "Отложено насовсем",
  deadLettersNote: "stepkeep dead-letters list",
  errors: "Ошибки",
  errorsNote: "с запуска",
  people: "Люди по шагам",
  peopleNote: (ago, took) => `посчитано ${ago}, за ${took}`,
  partly: (count) => `посчитаны только первые ${count} сессий`,
  counting: "Считаем людей.",
  countFailed: (kind) => `Не удалось посчитать людей: ${kind}`,
  unreadable: (count) => `нечитаемых записей: ${count}`,
  step: "Шаг",
  share: "Доля",
  here: "Здесь",
  arrived: "30 мин",
  arrivedLong: "Ответы, которые привели сюда за 30 минут",
  longest: "Дольше всех",
  stuck: "Дольше всех без движения",
  stuckNote: "имена условные; ничьи id не показаны",
  person: "Кто",
  place: "Где",
  since: "Стоит",
  lastError: "Последняя ошибка",
  waitsFor: (what) => `ждёт ${what}`,
  nobody: "В диалогах никто не ждёт.",
  latency: "Сколько длятся ходы",
  latencyNote: "точка — десять секунд",
  noTurns: "За последние 30 минут ходов не было.",
  chartSays: (count, p50, p95, p99) => `Ходов за 30 минут: ${count}; половина за ${p50}, 95 из 100 за ${p95}, 99 из 100 за ${p99}`,
  turns: "ходов",
  minutesAgo: (minutes) => (minutes === 0 ? "сейчас" : `-${minutes} мин`),
  feed: "Ошибки, новые сверху",
  kind: "Вид",
  what: "Что случилось",
  count: "Раз",
  when: "Когда",
  noErrors: "С запуска бота ни одной.",
  store: "Хранилище",
  outside: "Внешние вызовы",
  caches: "Кэши",
  operation: "Операция",
  calls: "Вызовы",
  failed: "Сбои",
  half: "50 %",
  tail: "95 %",
  last: "99 %",
  in10: "за последние 10 минут",
  noCalls: "За последние 10 минут ни одного.",
  noCaches: "Нет ни одного.",
  cache: "Кэш",
  hitRate: "Попадания",
  entries: "Записи",
  telegram: "Telegram",
  checks: "Проверки",
  fine: "всё в порядке",
  mode: "Обновления",
  address: "Вебхук",
  lastFailure: "Последний сбой вызова",
  none: "нет",
  bot: "Бот",
  storeOk: "отвечает",
  warnings: "Предупреждения",
  answered: "Отвечено",
  cameAgain: "придут снова",
  failedCount: "сбоев",
  ago: (time) => `${time} назад`,
  justNow: "только что",
};

const isRussian = navigator.language.toLowerCase().startsWith("ru");

export const words = isRussian ? RUSSIAN : ENGLISH;

const UNITS = isRussian ? { ms: "мс", s: "с", min: "мин", h: "ч", d: "д" } : { ms: "ms", s: "s", min: "min", h: "h", d: "d" };
const plain = new Intl.NumberFormat(isRussian ? "ru" : "en");
const rough = new Intl.NumberFormat(isRussian ? "ru" : "en", { maximumSignificantDigits: 2 });

/** Says in the page's language what carries a `data-word`. */
export function translatePage() {
  document.documentElement.lang = isRussian ? "ru" : "en";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = words[element.dataset.word];
}

export const number = (value) => plain.format(value);

/** A duration as people say it: two digits, one unit. */
export function millis(value) {
  if (value < 1_000) return `${rough.format(value)} ${UNITS.ms}`;
  return seconds(value / 1_000);
}

export function seconds(value) {
  if (value < 60) return `${rough.format(value)} ${UNITS.s}`;
  if (value < 3_600) return `${Math.floor(value / 60)} ${UNITS.min}`;
  if (value < 86_400) {
    const minutes = Math.floor((value % 3_600) / 60);
    return `${Math.floor(value / 3_600)} ${UNITS.h}${minutes ? ` ${minutes} ${UNITS.min}` : ""}`;
  }
  const hours = Math.floor((value % 86_400) / 3_600);
  return `${Math.floor(value / 86_400)} ${UNITS.d}${hours ? ` ${hours} ${UNITS.h}` : ""}`;
}

/** How long ago, in whole units. */
export function ago(value) {
  return value < 3 ? words.justNow : words.ago(seconds(value < 60 ? Math.round(value / 5) * 5 || 5 : value));
}

/** A name of the program's, such as `sender_name`, for people. */
export const readable = (name) => name.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start.toLowerCase()}`);
