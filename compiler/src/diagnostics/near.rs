//! Which known name was perhaps meant by one that nothing has.
//!
//! A text may have thousands of misspelt names, and as many known ones: each pair is given up as soon as it
//! is too different.

/// The known name that is most like this one, if any is like it at all.
pub(crate) fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    if wanted.len() > 100 {
        return None;
    }
    let most = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let mut letters: Vec<char> = Vec::new();
    for candidate in known {
        // A letter has at most four bytes.
        if candidate.len() > (wanted.len() + most) * 4 {
            continue;
        }
        letters.clear();
        letters.extend(candidate.chars().flat_map(char::to_lowercase));
        let most = best.map_or(most, |(distance, _)| distance);
        let Some(distance) = distance(&wanted, &letters, most) else { continue };
        let found = (distance, candidate);
        if distance < letters.len() && best.is_none_or(|best| found < best) {
            best = Some(found);
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The one known name that is this one behind its module's: `k8s.Cluster` for `Cluster`, or for `kube.Cluster`.
pub(crate) fn of_module<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let own = name.rsplit('.').next().unwrap_or(name);
    let is_it = |known: &&str| known.rsplit_once('.').is_some_and(|(_, last)| last == own);
    let mut all = known.into_iter().filter(is_it);
    // Every blueprint is called so in its module.
    let first = all.next().filter(|_| own != "Blueprint")?;
    all.next().is_none().then_some(first)
}

/// How many letters are put in, taken out, changed, or exchanged with their neighbours; nothing where these are
/// more than `most`.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // The rows of the two letters before, and of this one.
    let mut rows = [Vec::new(), (0..=b.len()).collect::<Vec<usize>>(), vec![0; b.len() + 1]];
    let mut before: Option<char> = None;
    for (i, x) in a.iter().enumerate() {
        let [older, old, row] = &mut rows;
        let mut left = i + 1;
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (j, y) in b.iter().enumerate() {
            let (Some(diagonal), Some(above)) = (old.get(j), old.get(j + 1)) else { return None };
            let mut cost = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            let is_exchanged =
                j > 0 && before == Some(*y) && b.get(j.wrapping_sub(1)) == Some(x) && x != y;
            if is_exchanged && let Some(earlier) = older.get(j - 1) {
                cost = cost.min(earlier + 1);
            }
            if let Some(slot) = row.get_mut(j + 1) {
                *slot = cost;
            }
            left = cost;
            least = least.min(cost);
        }
        // Two letters that are exchanged look one row back.
        if least > most + 1 {
            return None;
        }
        before = Some(*x);
        rows.rotate_left(1);
        let [.., row] = &mut rows;
        row.resize(b.len() + 1, 0);
    }
    let [_, last, _] = &rows;
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::{distance, near, of_module};

    fn of(a: &str, b: &str) -> Option<usize> {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        distance(&letters(a), &letters(b), 3)
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(of("abc", "abc"), Some(0));
        assert_eq!(of("abc", "acb"), Some(1));
        assert_eq!(of("abc", "abcd"), Some(1));
        assert_eq!(of("abc", "xbc"), Some(1));
        assert_eq!(of("kitten", "sitting"), Some(3));
        assert_eq!(of("nmae", "name"), Some(1));
        assert_eq!(of("abc", "uvwxyz"), None);
        assert_eq!(of("", "abc"), Some(3));
        assert_eq!(of("abcdefgh", "hgfedcba"), None);
    }

    #[test]
    fn the_nearest_is_found() {
        assert_eq!(near("limitt", ["limit", "limits", "other"]), Some("limit"));
        assert_eq!(near("Limitt", ["lim", "LIMIT"]), Some("LIMIT"));
        assert_eq!(near("ab", ["xy", "q"]), None);
    }

    #[test]
    fn a_name_is_found_behind_its_module() {
        assert_eq!(of_module("Cluster", ["Root", "k8s.Cluster"]), Some("k8s.Cluster"));
        assert_eq!(of_module("kube.Cluster", ["k8s.Cluster"]), Some("k8s.Cluster"));
        assert_eq!(of_module("Cluster", ["a.Cluster", "b.Cluster"]), None);
        assert_eq!(of_module("db.Blueprint", ["a.Blueprint"]), None);
    }
}
