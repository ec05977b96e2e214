//! Texts that show what is wrong, and how a text of a cluster is compared with them.

use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex, RegexBuilder};
use serde::Deserialize;

use crate::model::shown_text::{ClockState, ShownText, SignatureSource};

/// A text that shows that something is wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Names it within its fault.
    #[serde(default)]
    pub id: String,
    /// Where it stands.
    #[serde(rename = "in", deserialize_with = "one_or_several")]
    pub places: Vec<SignatureSource>,
    /// The reason of the event or state, as a whole; any without one.
    #[serde(default)]
    pub reason: Option<Pattern>,
    /// The agent (the Deployment) that it is about; any without one.
    #[serde(default)]
    pub agent: Option<String>,
    /// What the text has somewhere.
    #[serde(default)]
    pub text: Option<Pattern>,
    /// What the text has nowhere.
    #[serde(default)]
    pub not: Option<Pattern>,
    /// The host that the text is about, as a whole.
    #[serde(default)]
    pub host: Option<Pattern>,
    /// Whether the clock of the writer or the certificate is to blame.
    #[serde(default)]
    pub clock: Option<ClockState>,
    /// In a log: so many lines at least.
    #[serde(default = "default_times")]
    pub times: usize,
    /// The page, file or thread that shows it.
    #[serde(default)]
    pub source: String,
    /// The month in which it was first seen, such as `2024-05`.
    #[serde(default)]
    pub seen: String,
    /// Texts that it has to claim.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Texts that look alike and are not its own.
    #[serde(default)]
    pub others: Vec<String>,
}

fn default_times() -> usize {
    1
}

impl Signature {
    /// Whether a text has all that it asks for.
    pub fn fits(&self, shown: &ShownText<'_>) -> bool {
        let fits = |pattern: &Option<Pattern>, text| pattern.as_ref().is_none_or(|p| p.is_match(text));
        self.places.contains(&shown.place)
            && self.agent.as_deref().is_none_or(|agent| shown.agent == Some(agent))
            && fits(&self.reason, shown.reason)
            && fits(&self.text, shown.text)
            && !self.not.as_ref().is_some_and(|not| not.is_match(shown.text))
            && self.host.as_ref().is_none_or(|host| shown.host().is_some_and(|named| host.is_match(named)))
            && self.clock.is_none_or(|clock| shown.clock() == Some(clock))
    }

    /// Whether words that somebody pasted have what it asks for, wherever they come from.
    pub fn fits_pasted(&self, pasted: &str) -> bool {
        let has_reason =
            |reason: &Pattern| pasted.split(|c: char| !c.is_alphanumeric()).any(|word| reason.is_match(word));
        let read_at = jiff::Timestamp::UNIX_EPOCH;
        let shown = ShownText { place: SignatureSource::Log, reason: "", agent: None, text: pasted, read_at };
        self.reason.as_ref().is_none_or(has_reason)
            && self.text.as_ref().is_none_or(|text| text.is_match(pasted))
            && !self.not.as_ref().is_some_and(|not| not.is_match(pasted))
            && self.host.as_ref().is_none_or(|host| shown.host().is_some_and(|named| host.is_match(named)))
    }

    /// Whether it stands in logs alone.
    pub fn is_in_log(&self) -> bool {
        self.places == [SignatureSource::Log]
    }

    /// What a text names, for the words and commands of the fault: its host and the named groups of the pattern.
    pub fn named_values(&self, shown: &ShownText<'_>) -> Vec<(String, String)> {
        let host = shown.host().map(|host| ("HOST".to_owned(), host.to_owned()));
        let groups = self.text.as_ref().map(|text| text.named_groups(shown.text)).unwrap_or_default();
        groups.into_iter().chain(host).filter(|(_, value)| is_plain_name(value)).collect()
    }

    /// Puts the words of the catalogue into the patterns.
    ///
    /// # Errors
    /// When one names a word that is not there, or all of them fit everything.
    pub fn expand(&mut self, words: &[Word]) -> Result<(), String> {
        if self.text.is_none() && self.host.is_none() && self.reason.is_none() {
            return Err("a sign without text, host and reason fits everything".to_owned());
        }
        let whole = [&mut self.reason, &mut self.host];
        whole.into_iter().flatten().try_for_each(|pattern| pattern.expand(words, true))?;
        let inside = [&mut self.text, &mut self.not];
        inside.into_iter().flatten().try_for_each(|pattern| pattern.expand(words, false))
    }

    /// Compiles the patterns, which is otherwise done where they are needed.
    ///
    /// # Errors
    /// When one is no regular expression.
    pub fn compile(&self) -> Result<(), String> {
        let patterns = [&self.reason, &self.host, &self.text, &self.not];
        patterns.into_iter().flatten().try_for_each(|pattern| {
            let built = pattern.build();
            built.map(|_| ()).map_err(|e| format!("{:?} is no regular expression: {e}", pattern.text))
        })
    }
}

/// What comes from a cluster and goes into a command.
fn is_plain_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    (1..=253).contains(&text.len()) && text.chars().all(is_plain) && !text.starts_with('-')
}

/// What programs say for the same thing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Stands for it in patterns, in braces.
    pub name: String,
    /// One is enough.
    pub forms: Vec<WordForm>,
}

/// How one program says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordForm {
    /// A regular expression.
    pub text: String,
    /// A line that has it.
    #[serde(default)]
    pub line: String,
    /// The page, file or thread that shows it.
    #[serde(default)]
    pub source: String,
    /// The month in which it was first seen.
    #[serde(default)]
    pub seen: String,
}

impl Word {
    fn alternatives(&self) -> String {
        let forms: Vec<_> = self.forms.iter().map(|form| form.text.as_str()).collect();
        format!("(?:{})", forms.join("|"))
    }
}

/// A regular expression of the catalogue, in which `{name}` is one of its words.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    text: String,
    expanded: String,
    /// Most texts need a few of all.
    regex: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { expanded: text.clone(), text, regex: OnceLock::new() }
    }
}

impl Pattern {
    /// Whether it is found in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// The first of its alternatives, as it is written.
    pub fn first_form(&self) -> &str {
        self.text.split('|').next().unwrap_or_default()
    }

    fn named_groups(&self, text: &str) -> Vec<(String, String)> {
        let Some(regex) = self.regex() else { return Vec::new() };
        let Some(found) = regex.captures(text) else { return Vec::new() };
        let value = |name: &str| Some((name.to_uppercase(), found.name(name)?.as_str().to_owned()));
        regex.capture_names().flatten().filter_map(value).collect()
    }

    fn expand(&mut self, words: &[Word], is_whole: bool) -> Result<(), String> {
        if self.text.is_empty() {
            return Err("an empty text fits everything; leave the sign out, or give words".to_owned());
        }
        let expanded = expand_words(&self.text, words)?;
        self.expanded = if is_whole { format!("^(?i:{expanded})$") } else { expanded };
        Ok(())
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| self.build().ok()).as_ref()
    }

    fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.expanded).size_limit(MAX_COMPILED_BYTES).build()
    }
}

fn expand_words(text: &str, words: &[Word]) -> Result<String, String> {
    let named =
        |found: &Captures<'_>| words.iter().find(|word| word.name == found[1]).map(Word::alternatives);
    if let Some(unknown) = WORD.captures_iter(text).find(|found| named(found).is_none()) {
        return Err(format!("{text:?} has {}, and the catalogue has no such word", &unknown[0]));
    }
    Ok(WORD.replace_all(text, |found: &Captures<'_>| named(found).unwrap_or_default()).into_owned())
}

static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{([a-z]\w*)\}").expect("a regular expression"));

/// Of one pattern with its words.
const MAX_COMPILED_BYTES: usize = 4 << 20;

fn one_or_several<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<SignatureSource>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Places {
        One(SignatureSource),
        Several(Vec<SignatureSource>),
    }
    Ok(match Places::deserialize(from)? {
        Places::One(place) => vec![place],
        Places::Several(places) => places,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_into_patterns() {
        let form = |text: &str| WordForm {
            text: text.into(),
            line: String::new(),
            source: String::new(),
            seen: String::new(),
        };
        let forms = vec![form("connection refused"), form("actively refused it")];
        let words = [Word { name: "refused".into(), forms }];
        let mut pattern = Pattern::from("dial tcp .*{refused}$".to_owned());
        pattern.expand(&words, false).unwrap();
        assert!(pattern.is_match("dial tcp 10.0.0.1:443: connect: connection refused"));
        assert!(!pattern.is_match("actively refused it"));
        let unknown = Pattern::from("{nothing}".to_owned()).expand(&words, false).unwrap_err();
        assert!(unknown.contains("no such word"), "{unknown}");
        assert!(Pattern::from("a{2,3}".to_owned()).expand(&words, false).is_ok());
    }

    #[test]
    fn only_plain_names_go_into_commands() {
        for (text, is_plain) in
            [("registry.k8s.io", true), ("a b", false), ("$(x)", false), ("--x", false), ("", false)]
        {
            assert_eq!(is_plain_name(text), is_plain, "{text}");
        }
    }
}
