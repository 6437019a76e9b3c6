//! The name that somebody probably meant: edit distance, for short names and few candidates.

/// The candidate nearest to `name`, if it is near enough to be meant: a third of its letters wrong at most.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(3).min(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, without regard to ASCII case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_ascii_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.to_ascii_lowercase().chars().enumerate() {
        let mut corner = index;
        let mut before = index.saturating_add(1);
        let mut next = vec![before];
        for (to, above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = corner.saturating_add(usize::from(from != *to));
            before = replaced.min(before.saturating_add(1)).min(above.saturating_add(1));
            corner = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_edits() {
        for (left, right, edits) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("Flag", "flag", 0)]
        {
            assert_eq!(distance(left, right), edits, "{left} {right}");
            assert_eq!(distance(right, left), edits, "{right} {left}");
        }
    }

    #[test]
    fn only_a_near_name_is_proposed() {
        let names = ["listen", "log_level", "log_format"];
        assert_eq!(nearest("lisen", names), Some("listen"));
        assert_eq!(nearest("log_levle", names), Some("log_level"));
        assert_eq!(nearest("port", names), None);
        assert_eq!(nearest("", names), None);
    }
}
