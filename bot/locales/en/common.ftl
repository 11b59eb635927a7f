### What every dialogue needs: buttons, and answers to what no dialogue expects.

## Buttons
button-back = ⬅️ Back
button-skip = Skip
button-cancel = ✖️ Cancel
button-try-again = 🔄 Try again
button-edit = ✏️ Edit
button-yes = Yes
button-no = No
button-keep = Keep it as it is
button-main-menu = 🏠 Main menu
button-language = 🌐 Language
button-help = ❓ Help

## Language
language-choose = Which language shall I speak?
language-changed = Done, from now on I speak English.

## Answers to the unexpected
menu-out-of-date = This menu is out of date. Please use the buttons of my latest message.
menu-of-somebody-else = These buttons are for somebody else. Send /start for your own.
unknown-text = I'm not sure what to do with that. Send /start to begin, or /help to see what I can do.
unknown-command = I don't know the command { $command }. Send /help to see the ones I know.
text-only = I can only read text here. Please type your answer.
buttons-only = Please choose one of the buttons below.
cannot-skip = I need this one, so it can't be skipped.
edits-not-read = I don't notice when a message is edited. To change an answer, use Back or send it again.
nothing-to-go-back-to = This is the first step, so there is nothing to go back to.

## Trouble
store-trouble = I'm having trouble with my notes, but I keep your answers. One moment, please…
something-went-wrong = Something went wrong on my side. Your answers are safe; please try again.
still-working = ⏳ Still working on it…
update-put-aside = I could not handle your last message, even after several tries. Your earlier answers are safe; please go on from here, or send /start to begin again.
too-fast = That was faster than I can read, so I did not read your last messages. Please send them again, one at a time.
step-back-after-error = Something went wrong, so I took you one step back. Your answers are safe.
step-of-newer-version = Your order was begun with a newer version of me. Please come back in a few minutes, or send /start to begin again.
step-unknown = I have been updated since we last spoke, and can't go on exactly where we were. Let's go on from here.
