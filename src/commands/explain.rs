//! `arcprobe explain [CODE]`.

use clap::Args;

use crate::explain::{self, ExplainError};

/// What was typed after `arcprobe explain`.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ExplainArgs {
    /// A finding or failure word, as it stands in a report; without it, all codes are listed
    pub code: Option<String>,
}

/// The page on the code with the legend below it, or the list of all codes.
///
/// # Errors
///
/// No page has this code.
pub fn run(args: &ExplainArgs) -> Result<String, ExplainError> {
    match &args.code {
        Some(code) => explain::lookup(code).map(|page| format!("{page}\n{}", explain::LEGEND)),
        None => Ok(explain::index()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(code: Option<&str>) -> Result<String, ExplainError> {
        run(&ExplainArgs { code: code.map(str::to_owned) })
    }

    #[test]
    fn a_code_gives_its_page() {
        let text = run_with(Some("unknown")).unwrap();
        assert!(text.starts_with("# unknown: "));
        assert!(text.ends_with(explain::LEGEND));
    }

    #[test]
    fn no_code_gives_the_index() {
        assert_eq!(run_with(None).unwrap(), explain::index());
    }

    #[test]
    fn a_wrong_code_is_an_error() {
        assert_eq!(run_with(Some("nothing")).unwrap_err().code, "nothing");
    }
}
