//! Which device belongs to which wave: a decision about numbers and names alone.

use crate::share::Share;

/// Whether each wave has devices and ends behind the one before it, as far as that can be told before their number is
/// known.
///
/// # Errors
/// What is wrong with them.
pub fn check(shares: &[Share]) -> Result<(), String> {
    if let Some(share) = shares.iter().find(|share| is_none(**share)) {
        return Err(format!("--waves: a wave that ends at {} has no device", share.in_words()));
    }
    for pair in shares.windows(2) {
        let rises = match (pair[0], pair[1]) {
            (Share::Number(one), Share::Number(next)) => one < next,
            (Share::Percent(one), Share::Percent(next)) => one < next,
            _ => true,
        };
        if !rises {
            let [one, next] = [pair[0].in_words(), pair[1].in_words()];
            return Err(format!(
                "--waves: {next} comes after {one}; they count all devices moved so far, as 1%,10%,100%"
            ));
        }
    }
    Ok(())
}

/// Whether no number ends before another wave in front of it, now that the number of devices is known. A percentage that
/// does is left out: so many devices first, and then parts of however many there are.
///
/// # Errors
/// What is wrong with them.
pub fn check_order(shares: &[Share], all: u64) -> Result<(), String> {
    let end = |share: Share| share.at_least(all).min(all);
    let mut furthest: Option<Share> = None;
    for share in shares.iter().copied() {
        match furthest {
            Some(before) if end(share) < end(before) => {
                if matches!(share, Share::Number(_)) {
                    let [own, other] = [share, before].map(Share::in_words);
                    return Err(format!(
                        "--waves: of {all} devices {own} ends at {}, and {other} before it at {}: give them in their order",
                        end(share),
                        end(before)
                    ));
                }
            }
            _ => furthest = Some(share),
        }
    }
    Ok(())
}

fn is_none(share: Share) -> bool {
    matches!(share, Share::Number(0)) || share == Share::Percent(0.0)
}

/// How many devices the first wave, the first two waves, … have, until it is all of them. Waves without a device
/// are left out; what the shares leave over is the last.
pub fn ends(shares: &[Share], all: u64) -> Vec<u64> {
    let mut ends = Vec::new();
    for share in shares.iter().copied().chain([Share::Percent(100.0)]) {
        let end = share.at_least(all).min(all);
        if ends.last().copied().unwrap_or_default() < end {
            ends.push(end);
        }
    }
    ends
}

/// The shares that are left out, since they add no device to the waves before them.
pub fn left_out(shares: &[Share], all: u64) -> String {
    let (mut before, mut left_out) = (0, String::new());
    for share in shares {
        let end = share.at_least(all).min(all);
        if end <= before {
            left_out.push(' ');
            left_out.push_str(&share.in_words());
        }
        before = end.max(before);
    }
    left_out
}

/// Where waves end whose members are these.
pub fn ends_of(of_each: &[usize], waves: usize) -> Vec<u64> {
    let mut sizes = vec![0; waves];
    of_each.iter().for_each(|wave| sizes[*wave] += 1);
    let sum = |end: &mut u64, size| {
        *end += size;
        Some(*end)
    };
    sizes.into_iter().scan(0, sum).collect()
}

/// The wave of each device: in their order, or by the hashes of their names.
pub fn of_each(keys: &[u64], ends: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|place| keys[*place]);
    let mut waves = vec![0; keys.len()];
    for (rank, place) in (1..).zip(order) {
        waves[place] = wave_of(rank, ends);
    }
    waves
}

/// The wave of the device with this number, counted from 1.
pub fn wave_of(number: u64, ends: &[u64]) -> usize {
    ends.iter().take_while(|end| **end < number).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(text: &str) -> Vec<Share> {
        text.split(',').map(|share| share.parse().expect("a share")).collect()
    }

    #[test]
    fn waves_end_where_their_shares_say_and_all_are_in_one() {
        assert_eq!(ends(&shares("20,1%,10%,100%"), 100_000), [20, 1000, 10_000, 100_000]);
        assert_eq!(ends(&shares("20,1%,10%,100%"), 500), [20, 50, 500]);
        assert_eq!(ends(&shares("1,50%"), 3), [1, 2, 3]);
        assert_eq!(ends(&shares("20"), 7), [7]);
        assert_eq!(ends(&shares("10%"), 0), [0_u64; 0]);
    }

    #[test]
    fn shares_that_add_no_device_are_told() {
        for (text, all, wanted) in [
            ("20,1%,10%,100%", 100, " 1% 10%"),
            ("20,1%,10%,100%", 100_000, ""),
            ("1%,10%,100%", 5, " 10%"),
            ("20,50,100%", 15, " 50 100%"),
        ] {
            assert_eq!(left_out(&shares(text), all), wanted, "{text} of {all}");
        }
    }

    #[test]
    fn waves_have_devices_and_rise() {
        for good in ["1%,10%,100%", "20,1%,10%", "5", "50%,5,60"] {
            assert_eq!(check(&shares(good)), Ok(()), "{good}");
        }
        for bad in ["0", "0%", "5,0", "50%,10%", "40,20", "5,5"] {
            assert!(check(&shares(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn waves_are_in_their_order_among_so_many_devices() {
        for (good, all) in [("20,10%", 190), ("1%,10%,100%", 5), ("20,50%", 7), ("50%,20", 30)] {
            assert_eq!(check_order(&shares(good), all), Ok(()), "{good} of {all}");
        }
        for (bad, all) in [("10%,20", 250), ("5,50%,20", 100), ("30,10%,20", 100)] {
            assert!(check_order(&shares(bad), all).is_err(), "{bad} of {all}");
        }
    }

    #[test]
    fn each_device_is_in_the_wave_of_its_rank() {
        assert_eq!(of_each(&[5, 1, 9, 3], &[1, 3, 4]), [1, 0, 2, 1]);
        assert_eq!(of_each(&[0, 1, 2], &[2, 3]), [0, 0, 1]);
        assert_eq!([1, 2, 3].map(|number| wave_of(number, &[2, 3])), [0, 0, 1]);
    }
}
