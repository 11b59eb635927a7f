### The shipping order, from the main menu to the label.

## Main menu
main-menu =
    👋 Hello! I help you send a parcel anywhere in the US.

    Tell me who sends what to whom, choose the best price, and I'll send you the label. It takes about three minutes.
button-new-order = 📦 New order
# $number (number) of this step, $total (number) of steps
step-progress = Step { $number } of { $total }

## Questions about the sender
prompt-sender-name = Who is sending the parcel? Please type the sender's full name or company.
prompt-sender-address = What is the sender's street address? Just the street and the house or flat, please.
prompt-sender-city = Which city is the sender in?
prompt-sender-state = Which state is the sender in? A name or two letters will do, like Texas or TX.
prompt-sender-postal-code = What is the sender's ZIP code?
prompt-sender-phone = What is the sender's phone number? The carrier calls it only if something is wrong. You can skip this.

## Questions about the recipient
prompt-recipient-name = Who will receive the parcel? Please type the recipient's full name or company.
prompt-recipient-address = What is the recipient's street address? Just the street and the house or flat, please.
prompt-recipient-city = Which city is the recipient in?
prompt-recipient-state = Which state is the recipient in? A name or two letters will do, like California or CA.
prompt-recipient-postal-code = What is the recipient's ZIP code?
prompt-recipient-phone = What is the recipient's phone number? The carrier calls it only if something is wrong. You can skip this.

## Questions about the parcel
prompt-weight = How much does the parcel weigh? Please add the unit: 2.5 lb, 12 oz, 900 g or 1 lb 4 oz.
prompt-dimensions = How big is the parcel? Length, width and height, like 10 x 6 x 4 in or 25 x 15 x 10 cm; without a unit I take inches. You can skip this.
# $value (text): the answer so far
current-value = Now it is: { $value }

## Names of the answers, on buttons
field-sender-name = From: name
field-sender-address = From: address
field-sender-city = From: city
field-sender-state = From: state
field-sender-postal-code = From: ZIP code
field-sender-phone = From: phone
field-recipient-name = To: name
field-recipient-address = To: address
field-recipient-city = To: city
field-recipient-state = To: state
field-recipient-postal-code = To: ZIP code
field-recipient-phone = To: phone
field-weight = Weight
field-dimensions = Size

## Units
# $value (text): the number as it is shown, $quantity (number): the same number, for the plural form
weight-in-pounds =
    { $value } { $quantity ->
       *[other] lb
    }
weight-in-ounces =
    { $value } { $quantity ->
       *[other] oz
    }
weight-in-grams =
    { $value } { $quantity ->
       *[other] g
    }
weight-in-kilograms =
    { $value } { $quantity ->
       *[other] kg
    }
# $length, $width, $height (text): numbers as they are shown
dimensions-in-inches = { $length } × { $width } × { $height } in
dimensions-in-centimeters = { $length } × { $width } × { $height } cm

## Summary
# Every argument is text, as it is shown; what was skipped is not-given.
summary =
    📋 Please check your order.

    From
    { $sender-name }
    { $sender-address }
    { $sender-city }, { $sender-state } { $sender-postal-code }
    Phone: { $sender-phone }

    To
    { $recipient-name }
    { $recipient-address }
    { $recipient-city }, { $recipient-state } { $recipient-postal-code }
    Phone: { $recipient-phone }

    Parcel
    Weight: { $weight }
    Size: { $dimensions }
not-given = not given
button-show-rates = 💵 Show prices
edit-choose = Which answer shall we change?

## Rates
rates-loading = Asking the carriers for their prices…
# $count (number) of offers
rates-choose =
    { $count ->
        [one] I found { $count } offer. Tap it to choose it.
       *[other] I found { $count } offers. Tap the one you like.
    }
# $offer, $price, $delivery (text)
rate-line = • { $offer }: { $price }, { $delivery }
# $offer (text): the service, with its carrier, $price, $delivery (text)
rate-button = { $price } · { $offer } · { $delivery }
# $days (number)
delivery-days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
delivery-days-unknown = time not stated
rates-none = No carrier offers to take this parcel. Please check the addresses, the weight and the size, then try again.
# $time (text)
rates-hold-until = These prices hold until { $time }.
# $time (text)
rates-of-earlier = These prices are from { $time } and may have changed. I'll ask again before you buy.
rates-expired = These prices are no longer fresh. I'm asking the carriers again…
price-checking = Asking the carrier to confirm the price…
# $price, $old-price (text)
rate-price-changed = The price has changed: it was { $old-price }, and is { $price } now.
# $price (text)
rate-price-unchanged = I've asked again: the price is still { $price }.
rate-gone = The carriers don't offer this any more.
# $time (text): hours and minutes in UTC
time-of-day = { $time } UTC

## Buying
# $offer, $price, $delivery (text)
confirm-purchase =
    You chose { $offer }.

    Price: { $price }
    Delivery: { $delivery }

    Shall I buy the label?
# $price (text)
button-buy = ✅ Buy for { $price }
button-other-rate = ↩️ Other offers
buying = Buying the label… This usually takes a few seconds.
buying-still = The carrier is slow today. I'm still on it, and I'll make sure that you pay only once.
buying-no-cancel = The label is being bought right now, so it is too late to cancel. If you don't need it, you can void it afterwards.
# $offer, $price, $tracking-number (text)
label-ready =
    🎉 Your label is ready. Print it and put it on the parcel.

    { $offer }
    Price: { $price }
    Tracking number: { $tracking-number }
label-ready-without-tracking =
    🎉 Your label is ready. Print it and put it on the parcel.

    { $offer }
    Price: { $price }
label-test = This is a test label: the carrier was paid nothing for it, and no carrier will take it.
# $tracking-number (text)
label-file-late = The label is bought (tracking number { $tracking-number }), but its file isn't there yet. I'll send it as soon as it is.
label-file-missing = The label's file can't be fetched right now. The label is bought and yours; please write to the operator, who can send it to you.
order-done = All done. Have a good trip, little parcel! Shall we send another one?

## When the shipping service refuses or fails
shipping-error-invalid-address = The carrier can't find one of the addresses. Please check street, city, state and ZIP code.
shipping-error-invalid-input = The carrier doesn't accept something in this order. Please check your answers.
shipping-error-no-rates = No carrier offers to take this parcel. Please check the addresses, the weight and the size.
shipping-error-insufficient-funds = The shipping account is out of money, so I can't buy the label right now. Nothing was charged. The operator needs to top it up.
shipping-error-unauthorized = The shipping service doesn't let me in. That isn't your fault; the operator needs to fix it. Your answers are safe.
shipping-error-rate-limited = The shipping service is very busy right now. Please try again in a minute.
shipping-error-carrier-unavailable = The carrier doesn't answer right now. Please try again, or choose another offer.
shipping-error-unavailable = The shipping service doesn't work right now. Please try again in a few minutes. Your answers are safe.
shipping-error-timeout = The shipping service took too long to answer. Please try again. Your answers are safe.
shipping-error-unclear = I don't know yet whether the label was bought. I'll look it up before trying again, so that you never pay twice.
shipping-error-not-found = The shipping service no longer knows this offer. Let me ask for fresh prices.
shipping-error-malformed = The shipping service gave an answer that I don't understand. Please try again. Your answers are safe.
# $reason (text): words of the carrier, in English
shipping-error-reason = The carrier says: { $reason }

## Cancelling and coming back
cancelled = Cancelled. Nothing was bought. Whenever you are ready, we can begin again.
nothing-to-cancel = There is nothing to cancel. Send /start to begin an order.
resumed = Welcome back! Let's go on where we were.

## Voiding a label
button-void = 🗑 Void the label
# $tracking-number (text)
void-confirm = Shall I void the label { $tracking-number }? That can't be undone, and the label must not have been used.
void-accepted = The label is void. The carrier decides when the money comes back, often within two weeks.
void-refused-too-late = The time in which this label could be voided is over.
void-refused-already-used = This label has been used, so it can't be voided.
void-refused-already-voided = This label is void already.
void-refused-contact-carrier = The carrier wants to settle this in person. Please contact them.
void-refused = The carrier refused to void this label.

## Who stops answering
order-reminder = ⏰ Your order is waiting for you. Shall we go on?
order-closed = I have closed your order, since I had no answer for a long time. You can begin a new one at any time.
