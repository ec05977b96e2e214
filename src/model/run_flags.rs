//! The flags of a run, for the commands that it prints: what is pasted does the same run again.

/// What takes the place of user and password in a printed URL: they would end up in the history of the shell.
pub const CREDENTIALS: &str = "USER:PASSWORD@";

/// A flag of a command, without the password that its value may have had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunFlag {
    /// With its dashes.
    pub name: String,
    /// `None` for a switch.
    pub value: Option<String>,
}

impl RunFlag {
    /// A flag with a value.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value.into()) }
    }

    /// A flag that takes no value.
    pub fn switch(name: &str) -> Self {
        Self { name: name.to_owned(), value: None }
    }

    /// Its words on a command line.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.value.as_deref())
    }

    fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

/// The flags that a command of ours lacks to do the same as the run. `typed` are the words behind its name.
pub fn missing_flags<'a>(command: &str, typed: &[&str], flags: &'a [RunFlag]) -> Vec<&'a RunFlag> {
    let names = |flag: &str| typed.iter().any(|word| long_name(word) == flag);
    let repeats = |flag: &RunFlag| typed.windows(2).any(|pair| pair.iter().copied().eq(flag.words()));
    let asks_cluster = match command {
        "check" => names("--from") || flags.iter().any(|flag| flag.is("--from")),
        _ => true,
    };
    let is_missing = |flag: &&RunFlag| {
        let name = flag.name.as_str();
        is_known_to(command, name)
            && (asks_cluster || !CLUSTER.contains(&name))
            && (if name == "--set" { !repeats(flag) } else { !names(name) })
            && !EXCLUDED.iter().any(|(typed, excluded)| *excluded == name && names(typed))
            && !(is_direct(flag) && (names("--proxy-https") || names("--proxy-http")))
    };
    flags.iter().filter(is_missing).collect()
}

/// `--connectivity direct` goes without a proxy, and is refused with one.
fn is_direct(flag: &RunFlag) -> bool {
    flag.is("--connectivity") && flag.value.as_deref() == Some("direct")
}

fn is_known_to(command: &str, flag: &str) -> bool {
    match command {
        "check" => true,
        "diagnose" => !CHECK_ONLY.contains(&flag),
        "requirements" => SCOPE.contains(&flag),
        "advise" => ADVISE.contains(&flag) || KUBE.contains(&flag),
        "cleanup" => KUBE.contains(&flag),
        _ => false,
    }
}

fn long_name(word: &str) -> &str {
    match word {
        "-l" | "--region" => "--location",
        "-n" => "--namespace",
        _ => word,
    }
}

const SCOPE: [&str; 9] = [
    "--location",
    "--cloud",
    "--feature",
    "--connectivity",
    "--gateway-url",
    "--set",
    "--rule-set",
    "--rules",
    "--no-builtin-rules",
];

const ADVISE: [&str; 8] = [
    "--location",
    "--cloud",
    "--connectivity",
    "--proxy-https",
    "--proxy-http",
    "--proxy-skip-range",
    "--no-proxy",
    "--proxy-cert",
];

const KUBE: [&str; 3] = ["--kube-config", "--kube-context", "--namespace"];

/// Said of a cluster, and nothing to a command that asks none.
const CLUSTER: [&str; 10] = [
    "--kube-config",
    "--kube-context",
    "--namespace",
    "--node",
    "--every-node",
    "--image",
    "--agent-binary",
    "--read-secrets",
    "--node-proxy-https",
    "--node-proxy-skip-range",
];

const CHECK_ONLY: [&str; 4] = ["--from", "--all-vantages", "--no-discovery", "--waivers"];

/// What is typed takes the place of another flag.
const EXCLUDED: [(&str, &str); 4] = [
    ("--node", "--every-node"),
    ("--image", "--agent-binary"),
    ("--connectivity", "--gateway-url"),
    ("--gateway-url", "--connectivity"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_the_flags_that_they_take_and_lack() {
        let flags = [
            RunFlag::new("--location", "eastus"),
            RunFlag::new("--feature", "core"),
            RunFlag::new("--connectivity", "direct"),
            RunFlag::new("--set", "vault=x"),
            RunFlag::new("--kube-context", "prod"),
            RunFlag::new("--resolver", "192.0.2.1"),
        ];
        let table = [
            ("check -l eastus", "--feature --connectivity --set --resolver"),
            ("check -l eastus --from pod", "--feature --connectivity --set --kube-context --resolver"),
            ("check --proxy-https URL --feature a", "--location --set --resolver"),
            ("check --set a=b -l x", "--feature --connectivity --set --resolver"),
            ("requirements", "--location --feature --connectivity --set"),
            ("advise", "--location --connectivity --kube-context"),
            ("explain tls_timeout", ""),
        ];
        for (typed, expected) in table {
            let words: Vec<_> = typed.split(' ').collect();
            let missing = missing_flags(words[0], &words[1..], &flags);
            let names: Vec<_> = missing.iter().map(|flag| flag.name.as_str()).collect();
            assert_eq!(names.join(" "), expected, "{typed}");
        }
    }
}
