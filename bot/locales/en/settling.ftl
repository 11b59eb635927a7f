## Charges that only an admin can settle

# $user, $charge, $subject, $amount, $date (text)
unclear-generation =
    ⚠️ Nobody knows whether this generation was begun: { $subject } for { $amount }, person { $user }, { $date }. Look into the API's log of tasks.
    If there is a task for it, the bot goes on with it:
    /settle { $user } { $charge } task TASK-ID
    If there is none, the money is free again:
    /settle { $user } { $charge } free
# $user, $charge, $subject, $amount, $date (text)
unclear-label =
    ⚠️ Nobody knows whether this label was bought: { $subject } for { $amount }, person { $user }, { $date }. Look into the labels of the shipping account.
    If it is there, its price is taken:
    /settle { $user } { $charge } taken
    If it is not, the money is free again:
    /settle { $user } { $charge } free
unclear-none = Every charge is clear.
# $count (number)
unclear-more =
    { $count ->
        [one] And { $count } more.
       *[other] And { $count } more.
    }
settle-usage =
    Usage: /settle person charge free, or taken, or task and its id. For example: /settle 111111111 generation-1 free
    /unclear lists the charges that wait for it.
# $charge (text)
settle-freed = { $charge }: the money is free again.
# $charge (text)
settle-taken = { $charge }: the price was taken.
# $charge (text)
settle-watched = { $charge }: I go on with that task, and charge for it when it succeeds.
# $charge (text)
settle-already = { $charge } was settled before; nothing was changed.
# $charge (text)
settle-under-way = { $charge } is under way and settles by itself; nothing was changed.
# $charge (text)
settle-not-of-this-kind = That does not go with { $charge }: a label is free or taken, a generation is free or has a task. Nothing was changed.
# $charge (text)
settle-unknown = This person has no charge { $charge }, or it was settled long ago.
