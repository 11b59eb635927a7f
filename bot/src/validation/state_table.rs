//! The 62 codes that a US label can carry, with the names that people use for them.

use super::state::StateKind::{self, Military, State, Territory};

/// One row of [`STATES`].
#[derive(Debug)]
pub(super) struct StateRecord {
    /// The two letters that stand on the label.
    pub(super) code: &'static str,
    /// The name in English.
    pub(super) english: &'static str,
    /// The name in Russian.
    pub(super) russian: &'static str,
    /// What it is.
    pub(super) kind: StateKind,
    /// Further spellings. Case, spaces, dots and hyphens don't matter.
    pub(super) aliases: &'static [&'static str],
}

const fn row(
    code: &'static str,
    english: &'static str,
    russian: &'static str,
    kind: StateKind,
    aliases: &'static [&'static str],
) -> StateRecord {
    StateRecord {
        code,
        english,
        russian,
        kind,
        aliases,
    }
}

/// Every state, then the capital's district and the territories, then the military regions.
pub(super) static STATES: [StateRecord; 62] = [
    row("AL", "Alabama", "Алабама", State, &["Ala"]),
    row("AK", "Alaska", "Аляска", State, &["Alas"]),
    row("AZ", "Arizona", "Аризона", State, &["Ariz"]),
    row("AR", "Arkansas", "Арканзас", State, &["Ark"]),
    row("CA", "California", "Калифорния", State, &["Calif", "Cal", "Cali"]),
    row("CO", "Colorado", "Колорадо", State, &["Colo", "Col"]),
    row("CT", "Connecticut", "Коннектикут", State, &["Conn"]),
    row("DE", "Delaware", "Делавэр", State, &["Del", "Делавер"]),
    row("FL", "Florida", "Флорида", State, &["Fla", "Flor"]),
    row("GA", "Georgia", "Джорджия", State, &[]),
    row("HI", "Hawaii", "Гавайи", State, &["Гаваи", "Гавайские острова"]),
    row("ID", "Idaho", "Айдахо", State, &["Ida"]),
    row("IL", "Illinois", "Иллинойс", State, &["Ill", "Ills", "Иллиной"]),
    row("IN", "Indiana", "Индиана", State, &["Ind"]),
    row("IA", "Iowa", "Айова", State, &[]),
    row("KS", "Kansas", "Канзас", State, &["Kans", "Kan"]),
    row("KY", "Kentucky", "Кентукки", State, &["Ken", "Kent"]),
    row("LA", "Louisiana", "Луизиана", State, &[]),
    row("ME", "Maine", "Мэн", State, &["Мейн"]),
    row("MD", "Maryland", "Мэриленд", State, &["Мериленд"]),
    row("MA", "Massachusetts", "Массачусетс", State, &["Mass"]),
    row("MI", "Michigan", "Мичиган", State, &["Mich"]),
    row("MN", "Minnesota", "Миннесота", State, &["Minn"]),
    row("MS", "Mississippi", "Миссисипи", State, &["Miss"]),
    row("MO", "Missouri", "Миссури", State, &[]),
    row("MT", "Montana", "Монтана", State, &["Mont"]),
    row("NE", "Nebraska", "Небраска", State, &["Nebr", "Neb"]),
    row("NV", "Nevada", "Невада", State, &["Nev"]),
    row(
        "NH",
        "New Hampshire",
        "Нью-Гэмпшир",
        State,
        &["Нью-Хэмпшир", "Нью-Гемпшир"],
    ),
    row("NJ", "New Jersey", "Нью-Джерси", State, &[]),
    row("NM", "New Mexico", "Нью-Мексико", State, &["N Mex", "New Mex"]),
    row("NY", "New York", "Нью-Йорк", State, &[]),
    row(
        "NC",
        "North Carolina",
        "Северная Каролина",
        State,
        &["N Carolina", "N Car", "No Carolina"],
    ),
    row(
        "ND",
        "North Dakota",
        "Северная Дакота",
        State,
        &["N Dakota", "N Dak", "No Dakota"],
    ),
    row("OH", "Ohio", "Огайо", State, &[]),
    row("OK", "Oklahoma", "Оклахома", State, &["Okla"]),
    row("OR", "Oregon", "Орегон", State, &["Ore", "Oreg"]),
    row(
        "PA",
        "Pennsylvania",
        "Пенсильвания",
        State,
        &["Penn", "Penna", "Пенсильванья"],
    ),
    row("RI", "Rhode Island", "Род-Айленд", State, &[]),
    row(
        "SC",
        "South Carolina",
        "Южная Каролина",
        State,
        &["S Carolina", "S Car", "So Carolina"],
    ),
    row(
        "SD",
        "South Dakota",
        "Южная Дакота",
        State,
        &["S Dakota", "S Dak", "So Dakota"],
    ),
    row("TN", "Tennessee", "Теннесси", State, &["Tenn"]),
    row("TX", "Texas", "Техас", State, &["Tex"]),
    row("UT", "Utah", "Юта", State, &[]),
    row("VT", "Vermont", "Вермонт", State, &[]),
    row("VA", "Virginia", "Виргиния", State, &["Virg", "Вирджиния"]),
    row("WA", "Washington", "Вашингтон", State, &["Wash"]),
    row(
        "WV",
        "West Virginia",
        "Западная Виргиния",
        State,
        &["W Virginia", "W Va", "Западная Вирджиния"],
    ),
    row("WI", "Wisconsin", "Висконсин", State, &["Wis", "Wisc"]),
    row("WY", "Wyoming", "Вайоминг", State, &["Wyo"]),
    row(
        "DC",
        "District of Columbia",
        "Округ Колумбия",
        Territory,
        &["Washington DC", "Вашингтон округ Колумбия"],
    ),
    row("PR", "Puerto Rico", "Пуэрто-Рико", Territory, &[]),
    row(
        "VI",
        "US Virgin Islands",
        "Виргинские острова США",
        Territory,
        &[
            "Virgin Islands",
            "USVI",
            "United States Virgin Islands",
            "Американские Виргинские острова",
            "Виргинские острова",
        ],
    ),
    row("GU", "Guam", "Гуам", Territory, &[]),
    row("AS", "American Samoa", "Американское Самоа", Territory, &[]),
    row(
        "MP",
        "Northern Mariana Islands",
        "Северные Марианские острова",
        Territory,
        &["CNMI", "Mariana Islands", "Saipan", "Марианские острова"],
    ),
    row(
        "FM",
        "Micronesia",
        "Микронезия",
        Territory,
        &["Federated States of Micronesia", "Федеративные Штаты Микронезии"],
    ),
    row("MH", "Marshall Islands", "Маршалловы острова", Territory, &[]),
    row("PW", "Palau", "Палау", Territory, &[]),
    row(
        "AA",
        "Armed Forces Americas",
        "Вооружённые силы, Америка",
        Military,
        &["Armed Forces the Americas"],
    ),
    row(
        "AE",
        "Armed Forces Europe",
        "Вооружённые силы, Европа",
        Military,
        &[
            "Armed Forces Europe the Middle East and Canada",
            "Armed Forces Africa",
            "Armed Forces Canada",
            "Armed Forces Middle East",
        ],
    ),
    row(
        "AP",
        "Armed Forces Pacific",
        "Вооружённые силы, Тихий океан",
        Military,
        &[],
    ),
];
