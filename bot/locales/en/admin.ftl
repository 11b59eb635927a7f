### What admins see: figures, and broadcasts.

button-refresh = 🔄 Refresh
button-stop = ⏹ Stop
button-send = 📣 Send

admin-private-only = I answer this in our private chat only.
admin-unavailable = I can't look that up right now; the log says why. Please try again in a minute.

## Spans of time, by their two largest units
# $large, $small (text)
span-days = { $large } d { $small } h
span-hours = { $large } h { $small } min
span-minutes = { $large } min { $small } s
span-seconds = { $large } s

## The figures
# $people, $day, $week (text)
stats-people =
    📊 People I know: { $people }
    Seen in the last 24 hours: { $day }, in the last 7 days: { $week }
# $people (text) in a dialogue
stats-in-dialogue = In a dialogue: { $people }
# $flow, $people, $steps (text)
stats-flow = • { $flow }: { $people } ({ $steps })
# $labels, $generations (text) that are reserved and not settled
stats-open = Under way: labels { $labels }, generations { $generations }
# $balances, $spent (text)
stats-money = On balances: { $balances }; spent: { $spent }
# $calls, $updates, $letters (text)
stats-waiting = Outside calls not back yet: { $calls }; updates that wait: { $updates }; dead letters: { $letters }
# $records, $size, $backend (text)
stats-store = Store ({ $backend }): { $records } records, { $size }
stats-store-of-unknown-size = Store ({ $backend }): { $records } records
# $uptime, $version (text)
stats-process = This process: up for { $uptime }, version { $version }
# $time (text), $span (text)
stats-counted = Counted at { $time }, within { $span }
stats-partial = ⚠️ There was not enough time to count all: the figures are at least these.

## Broadcasts
# $people (text)
people-or-more = { $people } or more
broadcast-usage = Usage: /broadcast and the text, on as many lines as you like. You see it before it is sent.
# $length, $limit (text) in UTF-16 code units
broadcast-too-long = This text has { $length } characters as Telegram counts them, and a message may have { $limit }. Please shorten it. Nothing was sent.
broadcast-nobody = I don't know anybody yet, so there is nobody to send this to.
# $people (text)
broadcast-question = 👆 This goes out exactly as it stands above, to private chats with me: { $people } in all. Shall I send it?
broadcast-starting = 📣 One moment…
broadcast-draft-gone = This text is gone. Please send /broadcast with the text again.
broadcast-cancelled = Nothing was sent.
broadcast-busy = Another broadcast goes on, so this one was not sent:
# $done, $audience (text)
broadcast-running = 📣 Sending: { $done } of { $audience }
broadcast-stopping = 📣 Stopping: { $done } of { $audience }
broadcast-done = 📣 The broadcast is over.
broadcast-stopped = 📣 The broadcast was stopped.
# $count (text)
broadcast-sent = ✅ Sent: { $count }
broadcast-blocked = 🚫 Have blocked me: { $count }
broadcast-failed = ⚠️ Refused by Telegram: { $count }
broadcast-unclear = ❓ Unclear: { $count }
broadcast-left = ⏳ Left: { $count }
# $time (text)
broadcast-elapsed = Takes { $time } so far
broadcast-took = It took { $time }
broadcast-estimate = About { $time } to go
