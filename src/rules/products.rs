//! Reads `rules/products.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::products::{Product, ProductCatalogue};
use crate::model::rules::Date;

/// The file with what only its readers need: an example for each mark, and where it was seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "sources are for those who read the file, and its test"))]
struct ProductsFile {
    products: Vec<SourcedProduct>,
    words: Vec<SourcedWords>,
    sources: BTreeMap<String, MarkSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "sources are for those who read the file, and its test"))]
struct SourcedProduct {
    name: String,
    sources: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    pages: BTreeMap<String, String>,
    #[serde(default)]
    cas: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "sources are for those who read the file, and its test"))]
struct SourcedWords {
    sources: Vec<String>,
    texts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "sources are for those who read the file, and its test"))]
struct MarkSource {
    page: String,
    #[serde(default)]
    dated: Option<Date>,
    read: Date,
}

/// The built-in products.
///
/// # Errors
/// Never: a test reads them.
pub fn load_builtin() -> Result<ProductCatalogue, serde_yaml::Error> {
    let file = parse_builtin()?;
    let marks = |examples: BTreeMap<String, String>| examples.into_keys().collect();
    let products = file.products.into_iter().map(|product| Product {
        name: product.name,
        headers: marks(product.headers),
        pages: marks(product.pages),
        cas: marks(product.cas),
    });
    Ok(ProductCatalogue {
        products: products.collect(),
        words: file.words.into_iter().flat_map(|words| words.texts).collect(),
    })
}

fn parse_builtin() -> Result<ProductsFile, serde_yaml::Error> {
    serde_yaml::from_str(include_str!("../../rules/products.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_has_a_source_and_an_example_that_only_its_product_matches() {
        let file = parse_builtin().unwrap();
        let known = load_builtin().unwrap();
        assert!(file.products.len() > 50 && known.words.len() > 30);
        for product in &file.products {
            assert!(!product.sources.is_empty(), "{}", product.name);
            let kinds = [(&product.headers, 0), (&product.pages, 1), (&product.cas, 2)];
            assert!(kinds.iter().any(|(examples, _)| !examples.is_empty()), "{}", product.name);
            for (examples, kind) in kinds {
                for (mark, example) in examples {
                    assert_eq!(*mark, mark.to_ascii_lowercase());
                    assert!(example.to_ascii_lowercase().contains(mark.as_str()), "{mark} in {example}");
                    let marks = |known: &'_ Product| [&known.headers, &known.pages, &known.cas][kind].clone();
                    let found = known.products.iter().find(|known| {
                        marks(known).iter().any(|mark| example.to_ascii_lowercase().contains(mark.as_str()))
                    });
                    assert_eq!(found.map(|known| &known.name), Some(&product.name), "{example}");
                }
            }
        }
        for text in &known.words {
            assert_eq!(*text, text.to_ascii_lowercase());
        }
    }

    #[test]
    fn each_source_is_used_and_has_an_address_and_a_date() {
        let file = parse_builtin().unwrap();
        let used: Vec<_> = file.products.iter().map(|product| &product.sources).collect();
        let used: Vec<_> =
            used.into_iter().chain(file.words.iter().map(|words| &words.sources)).flatten().collect();
        for id in &used {
            assert!(file.sources.contains_key(*id), "{id}");
        }
        for (id, source) in &file.sources {
            assert!(used.contains(&id), "{id}");
            assert!(source.page.starts_with("http"), "{id}");
            assert!(source.dated.as_ref().is_none_or(|dated| dated <= &source.read), "{id}");
        }
    }
}
