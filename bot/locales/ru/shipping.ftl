### Заказ отправки, от главного меню до этикетки.

## Главное меню
main-menu =
    👋 Здравствуйте! Помогу отправить посылку по США.

    Расскажите, кто, кому и что отправляет, выберите лучшую цену — и я пришлю этикетку. Это займёт минуты три.
button-new-order = 📦 Новый заказ
# $number (число): номер шага, $total (число): сколько шагов
step-progress = Шаг { $number } из { $total }

## Вопросы об отправителе
prompt-sender-name = Кто отправляет посылку? Напишите имя и фамилию или название компании латиницей.
prompt-sender-address = Какой адрес у отправителя? Здесь только улица, дом и квартира.
prompt-sender-city = В каком городе отправитель?
prompt-sender-state = В каком штате отправитель? Можно название или две буквы: Техас, Texas или TX.
prompt-sender-postal-code = Какой почтовый индекс (ZIP) у отправителя?
prompt-sender-phone = Какой телефон у отправителя? Перевозчик позвонит, только если что-то пойдёт не так. Этот шаг можно пропустить.

## Вопросы о получателе
prompt-recipient-name = Кто получит посылку? Напишите имя и фамилию или название компании латиницей.
prompt-recipient-address = Какой адрес у получателя? Здесь только улица, дом и квартира.
prompt-recipient-city = В каком городе получатель?
prompt-recipient-state = В каком штате получатель? Можно название или две буквы: Калифорния, California или CA.
prompt-recipient-postal-code = Какой почтовый индекс (ZIP) у получателя?
prompt-recipient-phone = Какой телефон у получателя? Перевозчик позвонит, только если что-то пойдёт не так. Этот шаг можно пропустить.

## Вопросы о посылке
prompt-weight = Сколько весит посылка? Обязательно укажите единицу: 2,5 фунта, 12 унций, 900 г или 1 фунт 4 унции.
prompt-dimensions = Какого размера посылка? Длина, ширина и высота, например 25 x 15 x 10 см или 10 x 6 x 4 дюйма; без единицы я считаю, что это дюймы. Этот шаг можно пропустить.
# $value (текст): нынешний ответ
current-value = Сейчас: { $value }

## Названия ответов на кнопках
field-sender-name = От кого: имя
field-sender-address = От кого: адрес
field-sender-city = От кого: город
field-sender-state = От кого: штат
field-sender-postal-code = От кого: индекс
field-sender-phone = От кого: телефон
field-recipient-name = Кому: имя
field-recipient-address = Кому: адрес
field-recipient-city = Кому: город
field-recipient-state = Кому: штат
field-recipient-postal-code = Кому: индекс
field-recipient-phone = Кому: телефон
field-weight = Вес
field-dimensions = Размеры

## Единицы
# $value (текст): число, как его показать, $quantity (число): то же число для выбора формы слова
weight-in-pounds =
    { $value } { $quantity ->
        [one] фунт
        [few] фунта
        [many] фунтов
       *[other] фунта
    }
weight-in-ounces =
    { $value } { $quantity ->
        [one] унция
        [few] унции
        [many] унций
       *[other] унции
    }
weight-in-grams =
    { $value } { $quantity ->
       *[other] г
    }
weight-in-kilograms =
    { $value } { $quantity ->
       *[other] кг
    }
# $length, $width, $height (текст): числа, как их показать
dimensions-in-inches = { $length } × { $width } × { $height } дюймов
dimensions-in-centimeters = { $length } × { $width } × { $height } см

## Сводка
# Все аргументы — текст, как его показать; вместо пропущенного — not-given.
summary =
    📋 Проверьте, пожалуйста, заказ.

    От кого
    { $sender-name }
    { $sender-address }
    { $sender-city }, { $sender-state } { $sender-postal-code }
    Телефон: { $sender-phone }

    Кому
    { $recipient-name }
    { $recipient-address }
    { $recipient-city }, { $recipient-state } { $recipient-postal-code }
    Телефон: { $recipient-phone }

    Посылка
    Вес: { $weight }
    Размеры: { $dimensions }
not-given = не указано
button-show-rates = 💵 Узнать цены
edit-choose = Какой ответ изменить?

## Тарифы
rates-loading = Узнаю цены у перевозчиков…
# $count (число) предложений
rates-choose =
    { $count ->
        [one] Нашлось { $count } предложение. Выберите то, что подходит.
        [few] Нашлось { $count } предложения. Выберите то, что подходит.
       *[many] Нашлось { $count } предложений. Выберите то, что подходит.
    }
# $carrier, $service, $price, $delivery (текст)
rate-line = • { $carrier }, { $service }: { $price }, { $delivery }
# $offer (текст): услуга вместе с перевозчиком, $price, $delivery (текст)
rate-button = { $price } · { $offer } · { $delivery }
# $days (число)
delivery-days =
    { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[many] { $days } дней
    }
delivery-days-unknown = срок не указан
rates-none = Никто из перевозчиков не берётся доставить эту посылку. Проверьте, пожалуйста, адреса, вес и размеры и попробуйте ещё раз.
rates-expired = Эти цены уже устарели. Сейчас узнаю их заново.
# $price (текст)
rate-price-changed = Цена изменилась: теперь { $price }. Продолжаем?

## Покупка
# $carrier, $service, $price, $delivery (текст)
confirm-purchase =
    Ваш выбор: { $carrier }, { $service }.

    Цена: { $price }
    Доставка: { $delivery }

    Покупаем этикетку?
# $price (текст)
button-buy = ✅ Купить за { $price }
button-other-rate = ↩️ Другие предложения
buying = Покупаю этикетку… Обычно это занимает несколько секунд.
buying-still = Перевозчик сегодня не торопится. Я продолжаю и прослежу, чтобы вы заплатили только один раз.
buying-no-cancel = Этикетка как раз покупается, отменять уже поздно. Если она не нужна, её можно будет аннулировать.
# $carrier, $service, $price, $tracking-number (текст)
label-ready =
    🎉 Этикетка готова. Распечатайте её и наклейте на посылку.

    { $carrier }, { $service }
    Цена: { $price }
    Номер для отслеживания: { $tracking-number }
label-ready-without-tracking =
    🎉 Этикетка готова. Распечатайте её и наклейте на посылку.

    { $carrier }, { $service }
    Цена: { $price }
label-test = Это пробная этикетка: денег за неё не взяли, но и посылку с ней никто не примет.
# $tracking-number (текст)
label-file-late = Этикетка куплена (номер для отслеживания { $tracking-number }), но файла пока нет. Пришлю, как только он появится.
label-file-missing = Файл этикетки сейчас получить не удаётся. Этикетка куплена и остаётся за вами; напишите, пожалуйста, оператору, он её пришлёт.
order-done = Всё готово. Счастливого пути, посылка! Отправим ещё одну?

## Когда служба отправки отказывает или не работает
shipping-error-invalid-address = Перевозчик не нашёл один из адресов. Проверьте, пожалуйста, улицу, город, штат и индекс.
shipping-error-invalid-input = Перевозчику что-то не подходит в этом заказе. Проверьте, пожалуйста, ответы.
shipping-error-no-rates = Никто из перевозчиков не берётся доставить эту посылку. Проверьте, пожалуйста, адреса, вес и размеры.
shipping-error-insufficient-funds = На счёте для отправок кончились деньги, поэтому купить этикетку сейчас нельзя. С вас ничего не взяли. Счёт должен пополнить оператор.
shipping-error-unauthorized = Служба отправки меня не пускает. Вы тут ни при чём, это исправит оператор. Ваши ответы целы.
shipping-error-rate-limited = Служба отправки сейчас очень занята. Попробуйте, пожалуйста, через минуту.
shipping-error-carrier-unavailable = Перевозчик сейчас не отвечает. Попробуйте ещё раз или выберите другое предложение.
shipping-error-unavailable = Служба отправки сейчас не работает. Попробуйте, пожалуйста, через несколько минут. Ваши ответы целы.
shipping-error-timeout = Служба отправки слишком долго не отвечает. Попробуйте, пожалуйста, ещё раз. Ваши ответы целы.
shipping-error-unclear = Пока неясно, куплена ли этикетка. Прежде чем пробовать снова, я это проверю, чтобы вы не заплатили дважды.
shipping-error-not-found = Служба отправки больше не знает этого предложения. Узнаю свежие цены.
shipping-error-malformed = Служба отправки ответила что-то непонятное. Попробуйте, пожалуйста, ещё раз. Ваши ответы целы.
# $reason (текст): слова перевозчика, по-английски
shipping-error-reason = Перевозчик пишет: { $reason }

## Отмена и возвращение
cancelled = Отменено. Ничего не куплено. Когда захотите, начнём заново.
nothing-to-cancel = Отменять нечего. Отправьте /start, чтобы начать заказ.
resumed = С возвращением! Продолжим с того же места.

## Аннулирование этикетки
button-void = 🗑 Аннулировать этикетку
# $tracking-number (текст)
void-confirm = Аннулировать этикетку { $tracking-number }? Вернуть её потом нельзя, и она должна быть неиспользованной.
void-accepted = Этикетка аннулирована. Когда вернутся деньги, решает перевозчик, часто это занимает до двух недель.
void-refused-too-late = Срок, когда эту этикетку можно было аннулировать, прошёл.
void-refused-already-used = Эта этикетка уже использована, аннулировать её нельзя.
void-refused-already-voided = Эта этикетка уже аннулирована.
void-refused-contact-carrier = Перевозчик хочет решить это лично. Свяжитесь с ним, пожалуйста.
void-refused = Перевозчик отказался аннулировать эту этикетку.
