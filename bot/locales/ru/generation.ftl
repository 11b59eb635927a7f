### AI generation, from the choice of a model to the result.

button-new-generation = ✨ Создать с ИИ

## Choosing
generation-loading = ⏳ Смотрю, что можно создать. Одну минуту…
generation-categories = Что создать? Выберите ниже или напишите, что ищете.
generation-nothing = Сейчас ничего нельзя создать. Попробуйте позже.
# $category (text), $count (number) of models
generation-models =
    { $category }: { $count ->
        [one] { $count } модель
        [few] { $count } модели
       *[other] { $count } моделей
    }. Выберите одну или напишите, что ищете.
# $words (text): what the person searched for, $count (number) of models
generation-found =
    { $count ->
        [0] По запросу «{ $words }» ничего не нашлось. Попробуйте другие слова или вернитесь назад.
        [one] По запросу «{ $words }» нашлась { $count } модель.
        [few] По запросу «{ $words }» нашлось { $count } модели.
       *[other] По запросу «{ $words }» нашлось { $count } моделей.
    }
# $count (number) of models
generation-favourites =
    { $count ->
        [0] В избранном нет моделей, доступных сейчас.
       *[other] ⭐ Ваше избранное
    }
generation-model-gone = Эта модель больше недоступна. Выберите, пожалуйста, другую.
generation-made-by = Разработчик: { $provider }
generation-price-from = От { $price }
generation-asks-for = Что нужно указать: { $names }
# $name (text) of what may be left out
generation-optional-name = { $name } (необязательно)
# $model (text)
generation-shapes = Модель { $model } можно спросить по-разному. Как вы хотите?
category-text-to-image = 🖼 Картинка по тексту
category-image-to-image = 🎨 Изменить картинку
category-image-segmentation = ✂️ Найти предметы на картинке
category-background-removal = 🪄 Убрать фон
category-image-upscale = 🔍 Увеличить картинку
category-text-to-video = 🎬 Видео по тексту
category-image-to-video = 🎞 Видео из картинки
category-reference-to-video = 🎥 Видео по образцу
category-video-to-video = 🔁 Изменить видео
category-video-upscale = 📺 Улучшить видео
category-speech-to-video = 🗣 Видео из речи
category-text-to-speech = 🔊 Речь из текста
category-audio-to-audio = 🎧 Изменить звук
# $model (text), $price (text) at least
button-model = { $model } · { $price }
button-favourites = ⭐ Избранное
button-repeat-last = 🔁 Ещё раз { $model }
button-begin-generation = ▶️ Начать
button-like = ⭐ В избранное
button-unlike = Убрать из избранного
# $page (number) that is shown, $pages (number) of them
button-page = { $page } / { $pages } ▶️
button-earlier-page = ◀️

## Questions
# $model (text), $number (number) of this question, $total (number) of questions
generation-progress = { $model } · { $number } из { $total }
# $most (number) of characters
generation-hint-text =
    { $most ->
        [one] Напишите текст не длиннее { $most } символа.
       *[other] Напишите текст не длиннее { $most } символов.
    }
generation-hint-choice = Выберите ниже.
generation-hint-number = Напишите число.
generation-hint-number-between = Напишите число от { $min } до { $max }.
# $most (number) of items
generation-hint-list = Не больше { $most }, одно за другим; затем нажмите «Готово».
generation-hint-object = Здесь несколько частей. Заполните их или пропустите.
button-default = Как обычно: { $value }
button-skip-rest = ⏭ Пропустить остальное
button-done = ✅ Готово
button-add = ➕ Добавить
button-fill-in = ✏️ Заполнить
generation-file = файл

## Why an answer isn't taken
generation-text-empty = Здесь ничего нет.
# $length (text) and $most (text): numbers of characters
generation-text-too-long = Длина текста: { $length }, а можно не больше { $most } символов.
# $length (text) and $least (text): numbers of characters
generation-text-too-short = Длина текста: { $length }, а нужно не меньше { $least } символов.
generation-not-an-option = Такого варианта нет.
generation-yes-or-no = Ответьте «да» или «нет».
generation-number = Это не число. Напишите, например, 5 или 0,5.
generation-whole-number = Напишите целое число, например 5.
generation-number-between = Нужно число от { $min } до { $max }.
generation-number-between-on-step = Нужно число от { $min } до { $max } с шагом { $step }.
generation-number-from = Нужно число не меньше { $min }.
generation-number-from-on-step = Нужно число не меньше { $min } с шагом { $step }.
generation-number-to = Нужно число не больше { $max }.
generation-number-on-step = Такое число здесь не подходит.
generation-send-image = Пришлите картинку или её https-адрес.
generation-send-video = Пришлите видео или его https-адрес.
generation-send-audio = Пришлите голосовое сообщение или звуковой файл либо его https-адрес.
generation-send-file = Пришлите файл или его https-адрес.
# $types (text): what is taken
generation-file-type = Файлы этого типа не подходят. Подходят: { $types }.
# $most (text): megabytes
generation-file-too-large = Файл слишком большой: можно не больше { $most } МБ.
# $most (number) of items
generation-too-many = Это уже лишнее: можно не больше { $most }. Нажмите «Готово», чтобы продолжить.
# $least (number) of items
generation-too-few = Нужно хотя бы { $least }.

## Summary
generation-price = Цена: { $price }
generation-balance = Ваш баланс: { $balance }
button-create = ✨ Создать за { $price }

## While it is made
generation-handing-in = ⏳ { $model }: передаю заказ…
generation-queued = ⏳ { $model }: в очереди.
# $elapsed (text): minutes and seconds
generation-still-queued = ⏳ { $model }: в очереди уже { $elapsed }
generation-generating = ⏳ { $model }: создаётся уже { $elapsed }
generation-done = ✅ { $model }: готово за { $elapsed }
generation-not-begun = ✖️ { $model }: не начато
generation-no-result = ✖️ { $model }: без результата
generation-stopped = ✖️ { $model }: остановлено, деньги не списаны
generation-waiting = Пришлю результат, как только он будет готов. А пока можно продолжать.
generation-what-next = Что дальше?
button-change-and-repeat = 🔁 Изменить и повторить
button-another-generation = ✨ Что-нибудь ещё

## How it ends
# $price (text): what was charged
generation-charged = ✨ { $model }: списано { $price }
generation-charged-nothing = ✨ { $model }: { $price }, не списано (пробный режим)
# $price (text): what it would have cost
generation-present = ✨ { $model }: заказ всё-таки выполнен. Его цена, { $price }, уже возвращена и остаётся у вас.
# $price (text)
generation-price-changed = Цена изменилась: теперь { $price }. Проверьте, пожалуйста, прежде чем продолжить.
# $missing, $available, $price (texts): amounts
generation-short = { $model } стоит { $price }, а у вас { $available }: не хватает { $missing }. Пополните баланс (как — скажет /balance) или выберите что-нибудь дешевле.
# $most (number) at once
generation-too-many-open =
    { $most ->
        [one] { $most } ваша генерация ещё создаётся, больше одновременно нельзя.
        [few] { $most } ваши генерации ещё создаются, больше одновременно нельзя.
       *[other] { $most } ваших генераций ещё создаются, больше одновременно нельзя.
    } Дождитесь, пожалуйста, пока хотя бы одна будет готова.
generation-duplicate-running = Вы только что просили { $model } ровно об этом, и оно ещё создаётся. Второй раз я не начинаю.
generation-duplicate-done = Вы только что просили { $model } ровно об этом, и результат уже у вас. Измените что-нибудь или подождите минуту, чтобы создать ещё раз.
generation-file-gone = Один из ваших файлов больше недоступен. Пришлите его, пожалуйста, ещё раз. Деньги не списаны.
generation-unclear = ⚠️ { $model }: связь оборвалась как раз при передаче заказа, и я не знаю, создаётся ли он. Деньги только отложены; оператор разбирается, и я сообщу, чем это кончится.
generation-unclear-released = ⚠️ { $model }: узнать, создан ли заказ, не удалось. Деньги снова ваши.
generation-overdue = ⚠️ { $model }: заказ выполнялся слишком долго, и я больше не жду. Деньги не списаны.
generation-failed = Не получилось, и деньги не списаны.
# $reason (text): the API's words
generation-reason = Причина: { $reason }
generation-cannot-stop = { $model }: уже создаётся, и остановить нельзя. Я пришлю результат.
# $count (number) of generations
generation-go-on =
    { $count ->
        [one] { $count } генерация уже создаётся, и остановить её нельзя. Я пришлю результат.
        [few] { $count } генерации уже создаются, и остановить их нельзя. Я пришлю результаты.
       *[other] { $count } генераций уже создаются, и остановить их нельзя. Я пришлю результаты.
    }
generation-stopping = Останавливаю то, что ещё не создаётся.

## What goes wrong with the API
generation-error-invalid-input = Модель этого не принимает.
generation-error-later = Служба, которая это создаёт, сейчас недоступна. Деньги не списаны; попробуйте, пожалуйста, через несколько минут.
generation-error-busy = Служба, которая это создаёт, сейчас перегружена. Деньги не списаны; попробуйте, пожалуйста, через несколько минут.
generation-error-operator = Сейчас это создать нельзя, и исправить это должен оператор. Деньги не списаны.
generation-error-gone = Этой модели больше нет.

## The result's files
# $link (text): an address
file-by-link = Файл слишком большой для Telegram. Его можно скачать здесь: { $link }
generation-file-missing = Файл больше не удаётся получить. Напишите, пожалуйста, оператору.

# Above the main menu, where something can be made
main-menu-generation = ✨ А ещё я создаю картинки, видео и речь с помощью ИИ.
