### What is wrong with a typed answer, each time with an example of a right one.

## Examples
example-person-name = Example: Maria Lopez
example-address-line = Example: 500 W 2nd St, Apt 4
example-city = Example: San Antonio
example-state = Example: TX or Texas
example-postal-code = Example: 78701 or 78701-1234
example-phone = Example: (512) 555-0100
example-weight = Example: 2.5 lb, 12 oz, 900 g or 1 lb 4 oz
example-dimensions = Example: 10 x 6 x 4 in, or 25 x 15 x 10 cm
# $field (text): what was asked for
rejection-example =
    { $field ->
        [person-name] { example-person-name }
        [address-line] { example-address-line }
        [city] { example-city }
        [state] { example-state }
        [postal-code] { example-postal-code }
        [phone] { example-phone }
        [weight] { example-weight }
       *[dimensions] { example-dimensions }
    }

## Any answer
# $field (text): what was asked for
rejection-empty =
    { $field ->
        [person-name] I see no name there. Please type it.
        [address-line] I see no address there. Please type the street and the house number.
        [city] I see no city there. Please type it.
        [state] I see no state there. Please type its name or its two letters.
        [postal-code] I see no ZIP code there. Please type its 5 or 9 digits.
        [phone] I see no phone number there. Please type its 10 digits.
        [weight] I see no weight there. Please type a number and its unit.
       *[dimensions] I see no size there. Please type length, width and height.
    }
    { rejection-example }
# $field (text), $length (number) of characters typed, $limit (number) of characters allowed
rejection-too-long =
    { $length ->
        [one] That is { $length } character
       *[other] That is { $length } characters
    }: { $field ->
        [person-name] a name on a label has room for only { $limit }. Please shorten it.
        [address-line] an address line on a label has room for only { $limit }. Please shorten it: St for Street, Ave for Avenue, Apt for Apartment.
        [city] a city on a label has room for only { $limit }. Please shorten it.
        [state] far too long for a state. Please type just its name or its two letters.
        [postal-code] far too long for a ZIP code. Please type just its digits.
        [phone] far too long for a phone number. Please type just the number.
        [weight] far too long for a weight. Please type just a number and its unit.
       *[dimensions] far too long for a size. Please type just length, width and height.
    }
    { rejection-example }
# $field (text)
rejection-several-lines =
    { $field ->
        [city] Please send just the city, in one line.
       *[other] Please send just the name, in one line.
    }
    { rejection-example }
# $field (text), $symbol (text): the character
rejection-unprintable =
    Label printers don't know “{ $symbol }”. Please leave it out.
    { rejection-example }

## Name, address, city
rejection-name-without-letter =
    “{ $got }” has no letter in it, so it can't be a name.
    { example-person-name }
rejection-address-without-letter-or-digit =
    “{ $got }” has neither a letter nor a digit in it, so no carrier would find it.
    { example-address-line }
rejection-address-with-postal-code =
    That looks like a whole address. Please send only the street line here; I'll ask for city, state and ZIP code next.
    You sent: { $got }
    { example-address-line }
rejection-city-without-letter =
    “{ $got }” has no letter in it, so it can't be a city.
    { example-city }

## State
rejection-unknown-state =
    I don't know a US state called “{ $got }”. Please type its name or its two letters.
    { example-state }
# $suggestion (text): name of a state, $code (text): its two letters
rejection-misspelt-state =
    I don't know a state called “{ $got }”. Did you mean { $suggestion }? Then type { $code }.
    { example-state }

## ZIP code
# $digits (number) of digits typed
rejection-postal-code-digits =
    A US ZIP code has 5 or 9 digits, and “{ $got }” has { $digits }.
    { example-postal-code }
rejection-postal-code-characters =
    A US ZIP code is made of digits only, and “{ $got }” is not.
    { example-postal-code }
# $postal-code (text), $state and $likely (text): names of states
warning-zip-of-another-state = ZIP code { $postal-code } looks like { $likely }, but you told me { $state }. I've noted it; if it is a slip, press Back.
warning-zip-of-no-state = I don't know ZIP codes like { $postal-code }, neither in { $state } nor elsewhere. I've noted it; if it is a slip, press Back.

## Phone
# $digits (number) of digits typed
rejection-phone-digits =
    A US phone number has 10 digits, and “{ $got }” has { $digits }.
    { example-phone }
rejection-phone-characters =
    “{ $got }” has something in it that I can't dial. Please use digits only.
    { example-phone }
rejection-phone-impossible =
    No US phone number begins like “{ $got }”. Please check the area code and the three digits after it.
    { example-phone }
rejection-phone-foreign =
    “{ $got }” looks like a number of another country. Carriers need a US one.
    { example-phone }
# $number (text): the number without its extension
rejection-phone-extension =
    There is no room for an extension on a label. If { $number } reaches you without it, send just that.
    { example-phone }

## Weight
rejection-weight-without-unit =
    “{ $got }” of what? Please add the unit: lb, oz, kg or g.
    { example-weight }
rejection-weight-not-understood =
    I can't read “{ $got }” as a weight. Please send a number with lb, oz, kg or g.
    { example-weight }
rejection-weight-not-positive =
    A parcel weighs more than zero. Please weigh it again.
    { example-weight }
# $limit (number) of pounds
rejection-weight-too-heavy =
    “{ $got }” is more than parcel carriers take: the limit is { $limit } lb (68 kg).
    { example-weight }

## Size
# $count (number) of measures typed
rejection-dimensions-count =
    I need three measures: length, width and height. In “{ $got }” I see { $count ->
        [one] only one.
       *[other] { $count }.
    }
    { example-dimensions }
rejection-dimensions-not-understood =
    I can't read “{ $got }” as a size. Please send length, width and height, in inches or centimeters.
    { example-dimensions }
rejection-dimensions-mixed-units =
    “{ $got }” mixes units. Please use either inches or centimeters for all three.
    { example-dimensions }
rejection-dimensions-not-positive =
    Each side must be more than zero. Please measure again.
    { example-dimensions }
# $size and $limit (numbers), $unit (text): in or cm
rejection-dimensions-too-large =
    That is too large for parcel carriers: the longest side plus the way around the other two makes { $size } { $unit }, and the limit is { $limit } { $unit }.
    { example-dimensions }
