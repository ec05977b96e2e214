//! Products that answer in the place of services, by their marks. They travel to an agent, so that sources stay behind.

use serde::{Deserialize, Serialize};

/// What is known of such products. All marks are in lower case.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ProductCatalogue {
    /// In the order in which they are looked for.
    pub products: Vec<Product>,
    /// What block, coaching and log-on pages say, whatever product sends them.
    pub words: Vec<String>,
}

/// A product and where its marks are found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Product {
    /// As it is called in findings; that of a captive portal ends in "portal".
    pub name: String,
    /// In heads (`name: value`), and in pages where nothing else is found.
    pub headers: Vec<String>,
    /// In pages.
    pub pages: Vec<String>,
    /// In the names of certificate authorities.
    pub cas: Vec<String>,
}

impl ProductCatalogue {
    /// The first product with one of these marks in a text.
    pub fn find_by(&self, marks: impl Fn(&Product) -> &[String], text: &str) -> Option<&str> {
        let text = text.to_ascii_lowercase();
        let is_marked = |product: &&Product| marks(product).iter().any(|mark| text.contains(mark.as_str()));
        self.products.iter().find(is_marked).map(|product| product.name.as_str())
    }

    /// The first words of such a page in a text.
    pub fn find_words(&self, text: &str) -> Option<&str> {
        let text = text.to_ascii_lowercase();
        self.words.iter().map(String::as_str).find(|words| text.contains(words))
    }
}
