### AI generation, from the choice of a model to the result.

button-new-generation = ✨ Create with AI

## Choosing
generation-loading = ⏳ I'm looking up what can be made. One moment, please…
generation-categories = What shall I make? Choose below, or type what you look for.
generation-nothing = Nothing can be made at the moment. Please try again later.
# $category (text), $count (number) of models
generation-models =
    { $category }: { $count ->
        [one] { $count } model
       *[other] { $count } models
    }. Choose one, or type what you look for.
# $words (text): what the person searched for, $count (number) of models
generation-found =
    { $count ->
        [0] I found nothing for “{ $words }”. Try other words, or go back.
        [one] I found { $count } model for “{ $words }”.
       *[other] I found { $count } models for “{ $words }”.
    }
# $count (number) of models
generation-favourites =
    { $count ->
        [0] You have no favourites that can be used now.
       *[other] ⭐ Your favourites
    }
generation-model-gone = I can't use this model any more. Please choose another one.
generation-made-by = By { $provider }
generation-price-from = From { $price }
generation-asks-for = It asks for: { $names }
# $name (text) of what may be left out
generation-optional-name = { $name } (optional)
# $model (text)
generation-shapes = { $model } can be asked in several ways. Which one do you want?
category-text-to-image = 🖼 Image from text
category-image-to-image = 🎨 Change an image
category-image-segmentation = ✂️ Find things in an image
category-background-removal = 🪄 Remove the background
category-image-upscale = 🔍 Enlarge an image
category-text-to-video = 🎬 Video from text
category-image-to-video = 🎞 Video from an image
category-reference-to-video = 🎥 Video by an example
category-video-to-video = 🔁 Change a video
category-video-upscale = 📺 Make a video finer
category-speech-to-video = 🗣 Video from speech
category-text-to-speech = 🔊 Speech from text
category-audio-to-audio = 🎧 Change a sound
# $model (text), $price (text) at least
button-model = { $model } · { $price }
button-favourites = ⭐ Favourites
button-repeat-last = 🔁 { $model } again
button-begin-generation = ▶️ Start
button-like = ⭐ Add to favourites
button-unlike = Remove from favourites
# $page (number) that is shown, $pages (number) of them
button-page = { $page } / { $pages } ▶️
button-earlier-page = ◀️

## Questions
# $model (text), $number (number) of this question, $total (number) of questions
generation-progress = { $model } · { $number } of { $total }
# $most (number) of characters
generation-hint-text = Please type a text of at most { $most } characters.
generation-hint-choice = Please choose below.
generation-hint-number = Please type a number.
generation-hint-number-between = Please type a number from { $min } to { $max }.
# $most (number) of items
generation-hint-list = At most { $most } of them, one after the other; then press Done.
generation-hint-object = It has several parts. Fill them in, or leave it out.
button-default = As usual: { $value }
button-skip-rest = ⏭ Leave out the rest
button-done = ✅ Done
button-add = ➕ Add one
button-fill-in = ✏️ Fill in
generation-file = file

## Why an answer isn't taken
generation-text-empty = There is nothing in it.
# $length (text) and $most (text): numbers of characters
generation-text-too-long = It has { $length } characters, and at most { $most } are taken.
# $length (text) and $least (text): numbers of characters
generation-text-too-short = It has { $length } characters, and at least { $least } are needed.
generation-not-an-option = That is none of the choices.
generation-yes-or-no = Please answer yes or no.
generation-number = That is no number. Please type one like 5 or 0.5.
generation-whole-number = Please type a whole number, like 5.
generation-number-between = It has to be from { $min } to { $max }.
generation-number-between-on-step = It has to be from { $min } to { $max }, in steps of { $step }.
generation-number-from = It has to be { $min } or more.
generation-number-from-on-step = It has to be { $min } or more, in steps of { $step }.
generation-number-to = It has to be { $max } or less.
generation-number-on-step = That number can't be used here.
generation-send-image = Please send an image, or the https address of one.
generation-send-video = Please send a video, or the https address of one.
generation-send-audio = Please send a voice message or a sound file, or the https address of one.
generation-send-file = Please send a file, or the https address of one.
# $types (text): what is taken
generation-file-type = This type of file isn't taken. These are: { $types }.
# $most (text): megabytes
generation-file-too-large = The file is too large: at most { $most } MB are taken.
# $most (number) of items
generation-too-many = That is one too many: at most { $most }. Press Done to go on.
# $least (number) of items
generation-too-few =
    { $least ->
        [one] I need at least { $least }.
       *[other] I need at least { $least } of them.
    }

## Summary
generation-price = Price: { $price }
generation-balance = Your balance: { $balance }
button-create = ✨ Create for { $price }

## While it is made
generation-handing-in = ⏳ { $model }: I'm handing it in…
generation-queued = ⏳ { $model }: it is in the queue.
# $elapsed (text): minutes and seconds
generation-still-queued = ⏳ { $model }: in the queue since { $elapsed }
generation-generating = ⏳ { $model }: it is being made, since { $elapsed }
generation-done = ✅ { $model }: done in { $elapsed }
generation-not-begun = ✖️ { $model }: not begun
generation-no-result = ✖️ { $model }: no result
generation-stopped = ✖️ { $model }: stopped, and not charged
generation-waiting = I'll send you the result as soon as it is there. Meanwhile you can go on.
generation-what-next = What next?
button-change-and-repeat = 🔁 Change and repeat
button-another-generation = ✨ Something else

## How it ends
# $price (text): what was charged
generation-charged = ✨ { $model }: { $price } charged
generation-charged-nothing = ✨ { $model }: { $price }, not charged (trial mode)
# $price (text): what it would have cost
generation-present = ✨ { $model }: it was done after all. Its price of { $price } had been given back, and stays yours.
# $price (text)
generation-price-changed = The price has changed: it is { $price } now. Please look again before you go on.
# $missing, $available, $price (texts): amounts
generation-short = { $model } costs { $price }, and you have { $available }: { $missing } is missing. Top up your balance (send /balance to see how), or choose something cheaper.
# $most (number) at once
generation-too-many-open =
    { $most ->
        [one] { $most } generation of yours is still being made, and no more can be at once.
       *[other] { $most } generations of yours are still being made, and no more can be at once.
    } Please wait for one to be done.
generation-duplicate-running = You asked { $model } for exactly this a moment ago, and it is still being made. I have not begun it twice.
generation-duplicate-done = You asked { $model } for exactly this a moment ago, and have the result already. Change something, or wait a minute to have it made once more.
generation-file-gone = I can't get one of your files any more. Please send it again. Nothing was charged.
generation-unclear = ⚠️ { $model }: the connection broke just as I handed it in, so I don't know whether it is being made. The price is only held; the operator is looking into it, and I'll tell you what comes of it.
generation-unclear-released = ⚠️ { $model }: nobody can tell whether it was made. The price is yours again.
generation-overdue = ⚠️ { $model } took far too long, so I stopped waiting. Nothing was charged.
generation-failed = It did not work out, and nothing was charged.
# $reason (text): the API's words
generation-reason = The reason: { $reason }
generation-cannot-stop = { $model } is being made already and can't be stopped. I'll send you the result.
# $count (number) of generations
generation-go-on =
    { $count ->
        [one] { $count } generation is being made and can't be stopped. I'll send you the result.
       *[other] { $count } generations are being made and can't be stopped. I'll send you the results.
    }
generation-stopping = I'm stopping what isn't being made yet.

## What goes wrong with the API
generation-error-invalid-input = The model doesn't take this.
generation-error-later = The service that makes this can't be reached at the moment. Nothing was charged; please try again in a few minutes.
generation-error-busy = The service that makes this has too much to do at the moment. Nothing was charged; please try again in a few minutes.
generation-error-operator = This can't be made at the moment, and the operator has to put it right. Nothing was charged.
generation-error-gone = This model is not there any more.

## The result's files
# $link (text): an address
file-by-link = The file is too large for Telegram. You can get it here: { $link }
generation-file-missing = The file can't be fetched any more. Please write to the operator.

# Above the main menu, where something can be made
main-menu-generation = ✨ I can also make pictures, videos and speech with AI.
