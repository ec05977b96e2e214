//! The pages that rules are compared with: files, or URLs that are fetched.

use std::time::Duration;

use super::{Result, RulesCommandError};
use crate::cli::args::{DiffArgs, Page};
use crate::cli::files::read_bounded;
use crate::cli::{CommandError, Environment, start_runtime, web};
use crate::model::rules::RuleSet;
use crate::probe::client::{Client, ClientError, WebUrl};
use crate::report::requirements::VendorTable;

/// A page that was read, with its name.
pub(super) type Read = (String, VendorTable);

/// Reads the pages that were named; without one, the page of the source that was named.
pub(super) fn read_all(
    args: &DiffArgs,
    rules: &RuleSet,
    environment: &Environment,
) -> Result<(Vec<Read>, Vec<String>)> {
    let pages = if args.pages.is_empty() { vec![page_of_source(args, rules)?] } else { args.pages.clone() };
    let (fetched, notes) = if pages.iter().any(|page| matches!(page, Page::Web(_))) {
        fetch_all(&pages, args, environment)?
    } else {
        Default::default()
    };
    let mut fetched = fetched.into_iter();
    let mut read = Vec::new();
    for page in &pages {
        let (name, bytes) = match page {
            Page::File(path) => from_file(path)?,
            Page::Web(_) => fetched.next().expect("each URL was fetched"),
        };
        let table = VendorTable::parse(&bytes);
        read.push((name.clone(), table.map_err(|e| RulesCommandError::Page(format!("{name}: {e}")))?));
    }
    Ok((read, notes))
}

fn page_of_source(args: &DiffArgs, rules: &RuleSet) -> Result<Page> {
    let source = args.source.as_ref().and_then(|id| rules.sources.get(id));
    let Some(source) = source else { return Err(RulesCommandError::NoPage) };
    match Page::parse(&source.page) {
        Ok(page @ Page::Web(_)) => Ok(page),
        _ => Err(RulesCommandError::NoPage),
    }
}

fn from_file(path: &std::path::Path) -> Result<(String, Vec<u8>)> {
    let is_piped = path.as_os_str() == "-";
    let name = if is_piped { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = read_bounded(path, &name).map_err(|e| RulesCommandError::Page(e.to_string()))?;
    Ok((name, bytes))
}

type Fetched = Vec<(String, Vec<u8>)>;

/// All URLs, one after the other: they are mostly of one server.
fn fetch_all(pages: &[Page], args: &DiffArgs, environment: &Environment) -> Result<(Fetched, Vec<String>)> {
    let mut urls = Vec::new();
    for page in pages {
        if let Page::Web(text) = page {
            let url = WebUrl::parse(text.reveal());
            urls.push(url.map_err(|e| RulesCommandError::Page(format!("URL {}: {e}", urls.len() + 1)))?);
        }
    }
    let (client, notes) =
        web::client(&args.fetch, environment, WITHIN).map_err(RulesCommandError::command)?;
    let fetched = async {
        let mut fetched = Vec::new();
        for url in &urls {
            fetched.push((url.to_string(), fetch(&client, url).await?));
        }
        Ok::<_, RulesCommandError>(fetched)
    };
    let stopped = start_runtime().and_then(|runtime| runtime.run_until_stopped(fetched));
    Ok((stopped.map_err(RulesCommandError::command)??, notes))
}

async fn fetch(client: &Client, url: &WebUrl) -> Result<Vec<u8>> {
    let failed = |e: ClientError| RulesCommandError::Unfetched(e.to_string());
    let response = client.get(url, MOST_REDIRECTIONS).await.map_err(failed)?;
    match response.status() {
        200 => response.read_limited(MOST_BYTES).await.map_err(failed),
        status => Err(RulesCommandError::Unfetched(format!(
            "{}: the server answers with status {status}",
            response.url()
        ))),
    }
}

impl RulesCommandError {
    /// Errors of what commands share.
    fn command(error: CommandError) -> Self {
        match error {
            CommandError::Stopped => Self::Stopped,
            CommandError::Failed(e) => Self::Unwritable(e.to_string()),
            other => Self::Page(other.to_string()),
        }
    }
}

/// The vendor's pages have one for the language.
const MOST_REDIRECTIONS: usize = 5;

/// Decompressed; the longest of the vendor's pages has a twentieth of it.
const MOST_BYTES: usize = 8 << 20;

/// For one page, with its redirections.
const WITHIN: Duration = Duration::from_secs(60);
