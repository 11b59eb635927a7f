### Что не так с введённым ответом, и каждый раз пример правильного.

## Примеры
example-person-name = Пример: Maria Lopez
example-address-line = Пример: 500 W 2nd St, Apt 4
example-city = Пример: San Antonio
example-state = Пример: TX, Texas или Техас
example-postal-code = Пример: 78701 или 78701-1234
example-phone = Пример: (512) 555-0100
example-weight = Пример: 2,5 фунта, 12 унций, 900 г или 1 фунт 4 унции
example-dimensions = Пример: 10 x 6 x 4 дюйма или 25 x 15 x 10 см
# $field (текст): о чём был вопрос
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

## Любой ответ
# $field (текст): о чём был вопрос
rejection-empty =
    { $field ->
        [person-name] Не вижу имени. Напишите его, пожалуйста.
        [address-line] Не вижу адреса. Напишите, пожалуйста, улицу и номер дома.
        [city] Не вижу города. Напишите его, пожалуйста.
        [state] Не вижу штата. Напишите, пожалуйста, его название или две буквы.
        [postal-code] Не вижу индекса. Напишите, пожалуйста, 5 или 9 цифр.
        [phone] Не вижу номера телефона. Напишите, пожалуйста, 10 цифр.
        [weight] Не вижу веса. Напишите, пожалуйста, число и единицу.
       *[dimensions] Не вижу размеров. Напишите, пожалуйста, длину, ширину и высоту.
    }
    { rejection-example }
# $field (текст), $length (число) введённых знаков, $limit (число) допустимых
rejection-too-long =
    Получилось { $length ->
        [one] { $length } знак
        [few] { $length } знака
       *[many] { $length } знаков
    }, а { $field ->
        [person-name] имя на этикетке — не длиннее { $limit }. Сократите его, пожалуйста.
        [address-line] строка адреса на этикетке — не длиннее { $limit }. Сократите её, пожалуйста: St вместо Street, Ave вместо Avenue, Apt вместо Apartment.
        [city] город на этикетке — не длиннее { $limit }. Сократите его, пожалуйста.
        [state] для штата это слишком много. Напишите, пожалуйста, только название или две буквы.
        [postal-code] для индекса это слишком много. Напишите, пожалуйста, только цифры.
        [phone] для телефона это слишком много. Напишите, пожалуйста, только номер.
        [weight] для веса это слишком много. Напишите, пожалуйста, только число и единицу.
       *[dimensions] для размеров это слишком много. Напишите, пожалуйста, только длину, ширину и высоту.
    }
    { rejection-example }
# $field (текст)
rejection-several-lines =
    { $field ->
        [city] Пришлите, пожалуйста, только город, одной строкой.
       *[other] Пришлите, пожалуйста, только имя, одной строкой.
    }
    { rejection-example }
# $field (текст), $symbol (текст): сам знак
rejection-unprintable =
    Принтеры этикеток не знают знака «{ $symbol }». Уберите его, пожалуйста.
    { rejection-example }

## Имя, адрес, город
rejection-name-without-letter =
    В «{ $got }» нет ни одной буквы — это не похоже на имя.
    { example-person-name }
rejection-address-without-letter-or-digit =
    В «{ $got }» нет ни буквы, ни цифры — по такому адресу ничего не найти.
    { example-address-line }
rejection-address-with-postal-code =
    Похоже на адрес целиком. Пришлите здесь только улицу и дом, а о городе, штате и индексе я спрошу дальше.
    Вы написали: { $got }
    { example-address-line }
rejection-city-without-letter =
    В «{ $got }» нет ни одной буквы — это не похоже на город.
    { example-city }

## Штат
rejection-unknown-state =
    Я не знаю штата «{ $got }». Напишите, пожалуйста, его название или две буквы.
    { example-state }
# $suggestion (текст): название штата, $code (текст): его две буквы
rejection-misspelt-state =
    Я не знаю штата «{ $got }». Может быть, { $suggestion }? Тогда напишите { $code }.
    { example-state }

## Индекс
# $digits (число) введённых цифр
rejection-postal-code-digits =
    В индексе США 5 или 9 цифр, а в «{ $got }» — { $digits }.
    { example-postal-code }
rejection-postal-code-characters =
    Индекс США состоит только из цифр, а «{ $got }» — нет.
    { example-postal-code }
# $postal-code (текст), $state и $likely (текст): названия штатов
warning-zip-of-another-state = Похоже, индекс { $postal-code } — это { $likely }, а вы указали другой штат: { $state }. Я записал как есть; если это описка, нажмите «Назад».
warning-zip-of-no-state = Я не знаю таких индексов, как { $postal-code } (ваш штат: { $state }). Я записал как есть; если это описка, нажмите «Назад».

## Телефон
# $digits (число) введённых цифр
rejection-phone-digits =
    В номере телефона США 10 цифр, а в «{ $got }» — { $digits }.
    { example-phone }
rejection-phone-characters =
    В «{ $got }» есть что-то, чего не набрать на телефоне. Напишите, пожалуйста, только цифры.
    { example-phone }
rejection-phone-impossible =
    Номера США так не начинаются: «{ $got }». Проверьте, пожалуйста, код города и три цифры после него.
    { example-phone }
rejection-phone-foreign =
    «{ $got }» похож на номер другой страны. Перевозчикам нужен номер США.
    { example-phone }
# $number (текст): номер без добавочного
rejection-phone-extension =
    Для добавочного номера на этикетке нет места. Если до вас можно дозвониться и без него, пришлите просто { $number }.
    { example-phone }

## Вес
rejection-weight-without-unit =
    «{ $got }» — чего? Добавьте, пожалуйста, единицу: фунты, унции, кг или г.
    { example-weight }
rejection-weight-not-understood =
    Не получается прочитать «{ $got }» как вес. Напишите, пожалуйста, число и единицу: фунты, унции, кг или г.
    { example-weight }
rejection-weight-not-positive =
    Посылка весит больше нуля. Взвесьте её, пожалуйста, ещё раз.
    { example-weight }
# $limit (число) фунтов
rejection-weight-too-heavy =
    «{ $got }» — больше, чем берут перевозчики: не тяжелее { $limit ->
        [one] { $limit } фунта
       *[other] { $limit } фунтов
    } (68 кг).
    { example-weight }

## Размеры
# $count (число) введённых размеров
rejection-dimensions-count =
    Нужны три размера: длина, ширина и высота. А в «{ $got }» их { $count ->
        [one] только { $count }.
       *[other] { $count }.
    }
    { example-dimensions }
rejection-dimensions-not-understood =
    Не получается прочитать «{ $got }» как размеры. Напишите, пожалуйста, длину, ширину и высоту в дюймах или сантиметрах.
    { example-dimensions }
rejection-dimensions-mixed-units =
    В «{ $got }» перемешаны единицы. Укажите, пожалуйста, все три размера либо в дюймах, либо в сантиметрах.
    { example-dimensions }
rejection-dimensions-not-positive =
    Каждая сторона должна быть больше нуля. Измерьте, пожалуйста, ещё раз.
    { example-dimensions }
# $size и $limit (числа), $unit (текст): in или cm
rejection-dimensions-too-large =
    Такую большую посылку перевозчики не возьмут. Самая длинная сторона плюс обхват по двум другим — { $unit ->
        [cm] { $size } см, а можно не больше { $limit } см.
       *[in] { $size ->
            [one] { $size } дюйм
            [few] { $size } дюйма
           *[many] { $size } дюймов
        }, а можно не больше { $limit } дюймов.
    }
    { example-dimensions }
