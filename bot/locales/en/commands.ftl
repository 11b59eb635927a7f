### The commands menu and the help.

command-start = Begin, or begin again
command-cancel = Cancel what we are doing
command-help = What I can do
command-language = Choose the language
command-balance = What you can spend, and what was charged
command-paysupport = Help with a payment
command-terms = The terms of payments

help =
    I take shipping orders inside the US: you tell me who sends what to whom, I compare the carriers' prices, buy the label you choose and send it to you as a PDF.

    At every step you can go back, and I remember your answers even if we are interrupted.

    /start — begin, or begin again
    /cancel — cancel what we are doing
    /language — English or Russian
    /balance — what you can spend, and what was charged
    /help — this message

help-stars =
    /paysupport — help with a payment
    /terms — the terms of payments
