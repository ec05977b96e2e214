//! Lists, numbers and capitals in sentences.

/// `a`, `a and b`, `a, b and c`; `nothing` without any.
pub fn join_with_and<T: AsRef<str>>(names: &[T]) -> String {
    list_some(names, names.len())
}

/// The same of the first `most`, and how many more there are: `a, b and 7 more`.
pub fn list_some<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    match (names.len() - shown.len(), &shown[..]) {
        (0, []) => "nothing".to_owned(),
        (0, [name]) => (*name).to_owned(),
        (0, [front @ .., last]) => format!("{} and {last}", front.join(", ")),
        (more, _) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 check`, `2 checks`; for nouns that take an s.
pub fn format_count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", pluralize(count, "", "s"))
}

/// The form of a word that goes with a number.
pub fn pluralize<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// The same with a capital in front.
pub fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A text with a value wherever its name stands as a word, such as `HOST`.
pub fn put_value(text: &str, name: &str, value: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, behind) = (&rest[..at], &rest[at + name.len()..]);
        let is_whole = !before.ends_with(is_word) && !behind.starts_with(is_word);
        filled.extend([before, if is_whole { value } else { name }]);
        rest = behind;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_with_a_count() {
        let names = ["a", "b", "c", "d", "e"];
        let table = [
            (0, "nothing"),
            (1, "a"),
            (2, "a and b"),
            (3, "a, b and c"),
            (4, "a, b, c and 1 more"),
            (5, "a, b, c and 2 more"),
        ];
        for (count, text) in table {
            assert_eq!(list_some(&names[..count], 3), text);
        }
        assert_eq!(join_with_and(&names), "a, b, c, d and e");
    }

    #[test]
    fn numbers_and_nouns_agree() {
        for (count, text) in [(0, "0 checks"), (1, "1 check"), (2, "2 checks")] {
            assert_eq!(format_count(count, "check"), text);
        }
        assert_eq!([0, 1, 2].map(|count| pluralize(count, "is", "are")), ["are", "is", "are"]);
    }

    #[test]
    fn a_value_takes_the_place_of_its_name_as_a_word() {
        for (text, filled) in
            [("HOST:443", "a.b:443"), ("open HOST, HOSTS", "open a.b, HOSTS"), ("MYHOST", "MYHOST"), ("", "")]
        {
            assert_eq!(put_value(text, "HOST", "a.b"), filled);
        }
    }

    #[test]
    fn the_first_letter_becomes_a_capital() {
        for (text, capitalized) in [("", ""), ("a b", "A b"), ("été", "Été"), ("A", "A")] {
            assert_eq!(capitalize(text), capitalized);
        }
    }
}
