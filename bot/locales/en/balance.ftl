### Balances: what there is, what was charged, what is missing.

button-balance = 💳 Balance
button-history = 🧾 History
button-newer = ◀️ Newer
button-older = Older ▶️

## The balance
# $amount (text) in each of these
balance = 💳 You can spend { $amount }.
balance-of-admin = 💳 You are an admin, and can spend { $amount } more today.
balance-ai-only = Of it, { $amount } is for AI generations only.
balance-owed = { $amount } is still owed for AI generations that were paid with Stars which were given back.
balance-reserved = { $amount } more is reserved for what is under way.
balance-dry-run = 🧪 This is a dry run: nothing is charged.
balance-top-up = To top up, please write to the operator.

## After a purchase
# $amount (text) in each of these
charged = 💳 { $amount } was taken from your balance.
charged-daily-limit = 💳 { $amount } was taken from your daily limit.
charged-dry-run = 🧪 This is a dry run: nothing was charged. It would have been { $amount }.
void-refunded = The label is void. { $amount } is back on your balance.
void-refunded-daily-limit = The label is void. { $amount } is back on your daily limit.
void-refunded-dry-run = The label is void. It was a dry run: nothing was charged, so nothing comes back.
# $left (text)
money-left = You have { $left } left.
money-left-today = You have { $left } left for today.

## When money is short
# $missing, $available (text)
short-of-money = Your balance is short of { $missing }: you have { $available }. Nothing was bought. /balance says how to top it up; then press “Try again”.
short-of-daily-limit = Your daily limit is short of { $missing }: { $available } is left. Nothing was bought. It begins anew at midnight UTC.
ledger-unavailable = I can't look at the balances right now. Nothing was bought. Please try again in a minute.
ledger-other-currency = This price is in another currency than your balance, so I can't charge it. Nothing was bought; please ask the operator.
ledger-too-many-open = Several of your purchases are still unclear, so I can't begin another one. Nothing was bought; please ask the operator.

## The history
history-title = 🧾 What came and what went, newest first
history-empty = 🧾 Nothing has come or gone yet.
# $date, $amount, $reason, $subject (text)
history-welcome = { $date } +{ $amount } to begin with
history-credit = { $date } +{ $amount }
history-credit-for = { $date } +{ $amount } { $reason }
history-refund = { $date } +{ $amount } given back
# $stars (text)
history-stars = { $date } +{ $amount } for { $stars } ⭐
history-stars-returned = { $date } −{ $amount } Stars given back
history-open = { $date } ⏳ { $amount } reserved: { $subject }
history-unclear = { $date } ❓ { $amount } reserved, not yet clear: { $subject }
history-released = { $date } { $amount } not charged: { $subject }
history-captured = { $date } −{ $amount } { $subject }
history-captured-daily-limit = { $date } −{ $amount } (daily limit) { $subject }
history-captured-dry-run = { $date } 🧪 { $amount } (dry run) { $subject }
# $count (number) of entries
history-folded =
    { $count ->
        [one] … and { $count } older entry.
       *[other] … and { $count } older entries.
    }

## Admins
credit-usage = Usage: /credit user amount reason. For example: /credit 111111111 25.00 bank transfer
# $user, $amount, $available (text)
credit-done = { $amount } is on the balance of { $user }, who can spend { $available } now.
# $user (text)
credit-failed = The balance of { $user } could not be credited; the log says why. Look at /user { $user } before you try again.
user-usage = Usage: /user id. For example: /user 111111111
# $user, $available, $total, $reserved, $place, $seen (text)
user-summary =
    👤 { $user }
    Can spend: { $available }
    Balance: { $total }, reserved: { $reserved }
    Is at: { $place }
    Last seen: { $seen }
user-admin = Is an admin, and spends from the daily limit.
refund-usage = Usage: /refund user payment. For example: /refund 111111111 stxExampleOfAPayment. With “force” after it, also when the money was spent, or the payment isn't known here.
# $user, $charge (text) in each of these
refund-done = { $user } has the Stars of { $charge } back, and what they had brought is gone from the balance.
# $missing (text)
refund-spent = Nothing was given back: { $missing } of what { $charge } brought is spent or reserved. To give the Stars back all the same, and let { $user } owe it: /refund { $user } { $charge } force
refund-no-payment = The balance of { $user } knows no payment { $charge }, so nothing was given back. To give the Stars back all the same: /refund { $user } { $charge } force
# $reason (text)
refund-refused = Telegram doesn't give the Stars of { $charge } back ({ $reason }). The balance of { $user } is as it was.
refund-unclear = It isn't clear whether { $user } has the Stars of { $charge } back; what they had brought is gone from the balance. Please send the same command again later: nothing is given back twice.

## Telegram's Stars
button-stars = ⭐ Top up with Stars
stars-choose = ⭐ How many Stars? What they bring pays for AI generations only.
# $stars (number), $amount (text) in each of these
stars-package = { $stars } ⭐ → { $amount }
stars-invoice-title = { $amount } for AI generations
stars-invoice-description = { $amount } comes to your balance, for AI generations only.
stars-chosen =
    { $stars ->
        [one] ⭐ { $stars } Star brings { $amount }, for AI generations only. Here is the invoice: it can be paid once.
       *[other] ⭐ { $stars } Stars bring { $amount }, for AI generations only. Here is the invoice: it can be paid once.
    }
# $available (text) in each of these
stars-paid = ✅ Thank you! { $amount } is on your balance, and you can spend { $available } now.
stars-returned =
    { $stars ->
        [one] ↩️ { $stars } Star was given back to you, and { $amount } is gone from your balance. You can spend { $available } now.
       *[other] ↩️ { $stars } Stars were given back to you, and { $amount } is gone from your balance. You can spend { $available } now.
    }
stars-unknown = I got a payment that I can't match with any invoice of mine, so your balance is as it was. The operator has been told; /paysupport says whom to ask.
# $contact (text)
stars-support = 🆘 Help with a payment: { $contact }

    Telegram itself can't help with what is bought from this bot.
# $terms (text)
stars-terms = 📄 The terms of payments: { $terms }

## What Telegram shows when a payment does not go through
stars-refused-unknown = This invoice isn't valid. Please get a new one: /balance
stars-refused-foreign = This invoice is for somebody else. Please get one of your own: /balance
stars-refused-outdated = This isn't offered any more. Please look at what is: /balance
stars-refused-paid = This invoice is paid already. For more, please get a new one: /balance
stars-refused-unclear = I can't look at your balance right now, so no Stars were taken. Please try again in a minute.
