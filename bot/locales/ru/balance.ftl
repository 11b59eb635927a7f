### Баланс: сколько есть, что списано, чего не хватает.

button-balance = 💳 Баланс
button-history = 🧾 История
button-newer = ◀️ Новее
button-older = Старее ▶️

## Баланс
# $amount (текст) в каждом
balance = 💳 Вы можете потратить { $amount }.
balance-of-admin = 💳 Вы администратор и сегодня можете потратить ещё { $amount }.
balance-ai-only = Из них { $amount } — только на генерации.
balance-owed = Ещё { $amount } — долг за генерации, оплаченные звёздами, которые вам вернули.
balance-reserved = Ещё { $amount } отложено на то, что сейчас делается.
balance-dry-run = 🧪 Пробный режим: деньги не списываются.
balance-top-up = Чтобы пополнить баланс, напишите оператору.

## После покупки
# $amount (текст) в каждом
charged = 💳 С баланса списано { $amount }.
charged-daily-limit = 💳 Из дневного лимита списано { $amount }.
charged-dry-run = 🧪 Пробный режим: ничего не списано. Было бы { $amount }.
void-refunded = Этикетка аннулирована, { $amount } вернулось на ваш баланс.
void-refunded-daily-limit = Этикетка аннулирована, { $amount } вернулось в ваш дневной лимит.
void-refunded-dry-run = Этикетка аннулирована. Это был пробный режим: ничего не списывалось, и возвращать нечего.
# $left (текст)
money-left = У вас осталось { $left }.
money-left-today = На сегодня осталось { $left }.

## Когда денег не хватает
# $missing, $available (текст)
short-of-money = На балансе не хватает { $missing }: у вас есть { $available }. Ничего не куплено. Как пополнить баланс, подскажет /balance; потом нажмите «Ещё раз».
short-of-daily-limit = Дневного лимита не хватает на { $missing }: осталось { $available }. Ничего не куплено. В полночь по UTC он начнётся заново.
ledger-unavailable = Сейчас не могу посмотреть балансы. Ничего не куплено. Попробуйте, пожалуйста, через минуту.
ledger-other-currency = Эта цена не в той валюте, в которой ваш баланс, поэтому списать её нельзя. Ничего не куплено; обратитесь, пожалуйста, к оператору.
ledger-too-many-open = Несколько ваших покупок пока не прояснились, и новую начать нельзя. Ничего не куплено; обратитесь, пожалуйста, к оператору.

## История
history-title = 🧾 Что пришло и что ушло, сначала новое
history-empty = 🧾 Пока ничего не приходило и не уходило.
# $date, $amount, $reason, $subject (текст)
history-welcome = { $date } +{ $amount } для начала
history-credit = { $date } +{ $amount }
history-credit-for = { $date } +{ $amount } { $reason }
history-refund = { $date } +{ $amount } возвращено
# $stars (текст)
history-stars = { $date } +{ $amount } за { $stars } ⭐
history-stars-returned = { $date } −{ $amount } звёзды возвращены
history-open = { $date } ⏳ { $amount } отложено: { $subject }
history-unclear = { $date } ❓ { $amount } отложено, пока неясно: { $subject }
history-released = { $date } { $amount } не списано: { $subject }
history-captured = { $date } −{ $amount } { $subject }
history-captured-daily-limit = { $date } −{ $amount } (дневной лимит) { $subject }
history-captured-dry-run = { $date } 🧪 { $amount } (пробный режим) { $subject }
# $count (число) записей
history-folded =
    { $count ->
        [one] … и ещё { $count } запись постарше.
        [few] … и ещё { $count } записи постарше.
       *[many] … и ещё { $count } записей постарше.
    }

## Администраторы
credit-usage = Так: /credit кому сколько причина. Например: /credit 111111111 25.00 перевод
# $user, $amount, $available (текст)
credit-done = { $amount } на балансе { $user }; теперь доступно { $available }.
# $user (текст)
credit-failed = Пополнить баланс { $user } не удалось, причина — в журнале. Прежде чем пробовать снова, посмотрите /user { $user }.
user-usage = Так: /user номер. Например: /user 111111111
# $user, $available, $total, $reserved, $place, $seen (текст)
user-summary =
    👤 { $user }
    Может потратить: { $available }
    Баланс: { $total }, отложено: { $reserved }
    Где: { $place }
    Последний раз: { $seen }
user-admin = Администратор, тратит из дневного лимита.
refund-usage = Так: /refund кому платёж. Например: /refund 111111111 stxExampleOfAPayment. Со словом force в конце — даже если деньги потрачены или такого платежа здесь не знают.
# $user, $charge (текст) в каждом
refund-done = Звёзды платежа { $charge } возвращены { $user }, а деньги за них сняты с баланса.
# $missing (текст)
refund-spent = Ничего не возвращено: { $missing } из денег за { $charge } уже потрачено или отложено. Чтобы всё же вернуть звёзды и оставить долг за { $user }: /refund { $user } { $charge } force
refund-no-payment = На балансе { $user } нет платежа { $charge }, ничего не возвращено. Чтобы всё же вернуть звёзды: /refund { $user } { $charge } force
# $reason (текст)
refund-refused = Telegram не возвращает звёзды платежа { $charge } ({ $reason }). Баланс { $user } остался как был.
refund-unclear = Пока неясно, вернулись ли звёзды платежа { $charge } к { $user }; деньги за них с баланса сняты. Отправьте ту же команду позже: дважды ничего не вернётся.

## Звёзды Telegram
button-stars = ⭐ Пополнить звёздами
stars-choose = ⭐ Сколько звёзд? Деньгами за них можно платить только за генерации.
# $stars (число), $amount (текст) в каждом
stars-package = { $stars } ⭐ → { $amount }
stars-invoice-title = { $amount } на генерации
stars-invoice-description = На ваш баланс придёт { $amount }, только на генерации.
stars-chosen =
    { $stars ->
        [one] ⭐ { $stars } звезда — это { $amount }, только на генерации. Вот счёт, оплатить его можно один раз.
        [few] ⭐ { $stars } звезды — это { $amount }, только на генерации. Вот счёт, оплатить его можно один раз.
       *[many] ⭐ { $stars } звёзд — это { $amount }, только на генерации. Вот счёт, оплатить его можно один раз.
    }
# $available (текст) в каждом
stars-paid = ✅ Спасибо! На ваш баланс пришло { $amount }, теперь вы можете потратить { $available }.
stars-returned =
    { $stars ->
        [one] ↩️ Вам возвращена { $stars } звезда, а с баланса снято { $amount }. Теперь вы можете потратить { $available }.
        [few] ↩️ Вам возвращены { $stars } звезды, а с баланса снято { $amount }. Теперь вы можете потратить { $available }.
       *[many] ↩️ Вам возвращено { $stars } звёзд, а с баланса снято { $amount }. Теперь вы можете потратить { $available }.
    }
stars-unknown = Пришёл платёж, который не подходит ни к одному моему счёту, поэтому ваш баланс не изменился. Оператор это увидит; к кому обратиться, скажет /paysupport.
# $contact (текст)
stars-support = 🆘 Помощь с оплатой: { $contact }

    Сам Telegram с покупками в этом боте помочь не может.
# $terms (текст)
stars-terms = 📄 Условия оплаты: { $terms }

## Что Telegram показывает, когда платёж не проходит
stars-refused-unknown = Этот счёт недействителен. Возьмите, пожалуйста, новый: /balance
stars-refused-foreign = Этот счёт выставлен другому человеку. Возьмите, пожалуйста, свой: /balance
stars-refused-outdated = Этого больше нет в продаже. Посмотрите, пожалуйста, что есть: /balance
stars-refused-paid = Этот счёт уже оплачен. Чтобы пополнить ещё, возьмите, пожалуйста, новый: /balance
stars-refused-unclear = Сейчас не могу посмотреть ваш баланс, поэтому звёзды не списаны. Попробуйте, пожалуйста, через минуту.
