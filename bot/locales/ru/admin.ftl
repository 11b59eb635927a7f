### Что видят администраторы: цифры и рассылки.

button-refresh = 🔄 Обновить
button-stop = ⏹ Остановить
button-send = 📣 Отправить

admin-private-only = На это я отвечаю только в личном чате.
admin-unavailable = Сейчас не могу это посмотреть, причина — в журнале. Попробуйте, пожалуйста, через минуту.

## Промежутки времени, по двум старшим единицам
# $large, $small (текст)
span-days = { $large } д { $small } ч
span-hours = { $large } ч { $small } мин
span-minutes = { $large } мин { $small } с
span-seconds = { $large } с

## Цифры
# $people, $day, $week (текст)
stats-people =
    📊 Людей знаю: { $people }
    Были за последние 24 часа: { $day }, за последние 7 дней: { $week }
# $people (текст) в диалоге
stats-in-dialogue = В диалоге: { $people }
# $flow, $people, $steps (текст)
stats-flow = • { $flow }: { $people } ({ $steps })
# $labels, $generations (текст): отложено и не закрыто
stats-open = В работе: этикеток { $labels }, генераций { $generations }
# $balances, $spent (текст)
stats-money = На балансах: { $balances }; потрачено: { $spent }
# $calls, $updates, $letters (текст)
stats-waiting = Внешних вызовов без ответа: { $calls }; обновлений ждёт: { $updates }; отложено неразобранных: { $letters }
# $records, $size, $backend (текст)
stats-store = Хранилище ({ $backend }): записей { $records }, { $size }
stats-store-of-unknown-size = Хранилище ({ $backend }): записей { $records }
# $uptime, $version (текст)
stats-process = Этот процесс: работает { $uptime }, версия { $version }
# $time (текст), $span (текст)
stats-counted = Посчитано в { $time }, за { $span }
stats-partial = ⚠️ Посчитать всё не хватило времени: на самом деле не меньше, чем здесь.

## Рассылки
# $people (текст)
people-or-more = { $people } или больше
broadcast-usage = Так: /broadcast и текст, сколько угодно строк. Перед отправкой вы его увидите.
# $length, $limit (текст) в единицах UTF-16
broadcast-too-long = В этом тексте { $length } знаков, как их считает Telegram, а в сообщении бывает не больше { $limit }. Сократите его, пожалуйста. Ничего не отправлено.
broadcast-nobody = Я пока никого не знаю, отправлять некому.
# $people (текст)
broadcast-question = 👆 Это уйдёт в личные чаты со мной, ровно в таком виде, как выше. Получателей: { $people }. Отправить?
broadcast-starting = 📣 Минуту…
broadcast-draft-gone = Этого текста уже нет. Отправьте, пожалуйста, /broadcast с текстом ещё раз.
broadcast-cancelled = Ничего не отправлено.
broadcast-busy = Сейчас идёт другая рассылка, поэтому эта не отправлена:
# $done, $audience (текст)
broadcast-running = 📣 Отправляю: { $done } из { $audience }
broadcast-stopping = 📣 Останавливаюсь: { $done } из { $audience }
broadcast-done = 📣 Рассылка закончена.
broadcast-stopped = 📣 Рассылка остановлена.
# $count (текст)
broadcast-sent = ✅ Отправлено: { $count }
broadcast-blocked = 🚫 Заблокировали меня: { $count }
broadcast-failed = ⚠️ Не приняты Telegram: { $count }
broadcast-unclear = ❓ Неясно: { $count }
broadcast-left = ⏳ Осталось: { $count }
# $time (текст)
broadcast-elapsed = Идёт { $time }
broadcast-took = Заняло { $time }
broadcast-estimate = Осталось примерно { $time }
