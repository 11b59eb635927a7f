//! What is offered: so many Stars for so much money on an account.

use crate::money::{Currency, Money};

/// The most packages: each is a button.
const MOST_PACKAGES: usize = 12;

/// The most Stars of one package.
const MOST_STARS: u32 = 100_000;

/// So many Stars bring so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StarsPackage {
    /// Whole Stars.
    pub stars: u32,
    /// What they bring, in the currency of the accounts.
    pub amount: Money,
}

/// Why a text is no list of packages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackagesError {
    /// One of them isn't two parts.
    #[error("{0:?} is no package, which is Stars, `=` and an amount, such as 50=1.00")]
    Shape(String),
    /// The number of Stars makes no sense.
    #[error("{0:?} is no whole number of Stars from 1 to {MOST_STARS}")]
    Stars(String),
    /// The amount makes no sense.
    #[error("{0:?} is no amount above 0 in {1}, such as 1.00")]
    Amount(String, Currency),
    /// Two are for the same Stars.
    #[error("there are two packages of {0} Stars")]
    Twice(u32),
    /// There are too many.
    #[error("there are {0} packages, and at most {MOST_PACKAGES} can be shown")]
    TooMany(usize),
}

/// Reads packages, such as `50=1.00, 250=5.50`: the fewest Stars first. None at all is fine.
///
/// # Errors
/// [`PackagesError`], of the first that is wrong.
pub fn parse_packages(text: &str, currency: Currency) -> Result<Vec<StarsPackage>, PackagesError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut packages: Vec<_> = parts
        .map(|part| parse_package(part, currency))
        .collect::<Result<_, _>>()?;
    packages.sort_by_key(|package| package.stars);
    if let Some(twice) = packages.windows(2).find(|two| two[0].stars == two[1].stars) {
        return Err(PackagesError::Twice(twice[0].stars));
    }
    if packages.len() > MOST_PACKAGES {
        return Err(PackagesError::TooMany(packages.len()));
    }
    Ok(packages)
}

fn parse_package(part: &str, currency: Currency) -> Result<StarsPackage, PackagesError> {
    let shape = || PackagesError::Shape(part.to_owned());
    let (stars, amount) = part.split_once('=').ok_or_else(shape)?;
    let (stars, amount) = (stars.trim(), amount.trim());
    let number = stars
        .parse()
        .ok()
        .filter(|stars| (1..=MOST_STARS).contains(stars));
    let stars = number.ok_or_else(|| PackagesError::Stars(stars.to_owned()))?;
    let money = Money::parse(amount, currency)
        .ok()
        .filter(|amount| amount.minor() > 0);
    let amount = money.ok_or_else(|| PackagesError::Amount(amount.to_owned(), currency))?;
    Ok(StarsPackage { stars, amount })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<(u32, i64)>, PackagesError> {
        let packages = parse_packages(text, Currency::USD)?;
        Ok(packages
            .iter()
            .map(|package| (package.stars, package.amount.minor()))
            .collect())
    }

    #[test]
    fn packages_are_read_and_put_in_order() {
        assert_eq!(parse(" 250 = 5.50,50=1.00, "), Ok(vec![(50, 100), (250, 550)]));
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        use PackagesError::{Amount, Shape, Stars, TooMany, Twice};
        for (text, reason) in [
            ("50", Shape("50".into())),
            ("0=1.00", Stars("0".into())),
            ("1.5=1.00", Stars("1.5".into())),
            ("100001=1.00", Stars("100001".into())),
            ("50=0", Amount("0".into(), Currency::USD)),
            ("50=-1", Amount("-1".into(), Currency::USD)),
            ("50=much", Amount("much".into(), Currency::USD)),
            ("50=1,50=2", Twice(50)),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
        let many: Vec<_> = (1..=13).map(|stars| format!("{stars}=1")).collect();
        assert_eq!(parse(&many.join(",")), Err(TooMany(13)));
    }
}
