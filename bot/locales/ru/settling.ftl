## Списания, с которыми разберётся только администратор

# $user, $charge, $subject, $amount, $date (текст)
unclear-generation =
    ⚠️ Неизвестно, началась ли генерация: { $subject } за { $amount }, человек { $user }, { $date }. Посмотрите список задач в API.
    Если задача есть, бот продолжит с ней:
    /settle { $user } { $charge } task НОМЕР-ЗАДАЧИ
    Если её нет, деньги снова свободны:
    /settle { $user } { $charge } free
# $user, $charge, $subject, $amount, $date (текст)
unclear-label =
    ⚠️ Неизвестно, куплена ли этикетка: { $subject } за { $amount }, человек { $user }, { $date }. Посмотрите этикетки в аккаунте доставки.
    Если она есть, её цена списывается:
    /settle { $user } { $charge } taken
    Если её нет, деньги снова свободны:
    /settle { $user } { $charge } free
unclear-none = Неясных списаний нет.
# $count (число)
unclear-more =
    { $count ->
        [one] И ещё { $count }.
        [few] И ещё { $count }.
       *[many] И ещё { $count }.
    }
settle-usage =
    Так: /settle человек списание free, taken или task и номер задачи. Например: /settle 111111111 generation-1 free
    /unclear покажет списания, которые этого ждут.
# $charge (текст)
settle-freed = { $charge }: деньги снова свободны.
# $charge (текст)
settle-taken = { $charge }: цена списана.
# $charge (текст)
settle-watched = { $charge }: продолжаю с этой задачей; деньги спишутся, когда она удастся.
# $charge (текст)
settle-already = { $charge }: с этим уже разобрались; ничего не изменено.
# $charge (текст)
settle-under-way = { $charge }: ещё выполняется и закончится само; ничего не изменено.
# $charge (текст)
settle-not-of-this-kind = { $charge }: так не бывает. Этикетка — free или taken, генерация — free или task. Ничего не изменено.
# $charge (текст)
settle-unknown = У этого человека нет списания { $charge }, или с ним давно разобрались.
