//! What the parts of the page have in common.

use maud::{Markup, html};

use crate::report::marks::Mark;
use crate::report::markup::Text;

/// Where a part of a report stands: on a page of its own, or below that of a cluster, whose id its own ids begin with.
#[derive(Clone, Copy)]
pub(in crate::report) struct Placement<'a> {
    prefix: &'a str,
    level: u8,
}

impl<'a> Placement<'a> {
    /// A page of its own.
    pub(in crate::report) const PAGE: Self = Self { prefix: "", level: 2 };

    /// Below a section, with the prefix of its ids.
    pub(in crate::report) fn below_section(prefix: &'a str) -> Self {
        Self { prefix, level: 3 }
    }

    pub(in crate::report) fn id(self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The ids of what names an element: below the section of a cluster its title too.
    pub(in crate::report) fn label(self, name: &str) -> String {
        let outer = if self.prefix.is_empty() { String::new() } else { self.id("title ") };
        format!("{outer}{}", self.id(name))
    }

    /// A heading; those of sections have the depth 0.
    pub(in crate::report) fn heading(self, depth: u8, id: Option<&str>, text: &str) -> Markup {
        html! {
            @match self.level + depth {
                2 => h2 id=[id] { (Text(text)) },
                3 => h3 id=[id] { (Text(text)) },
                4 => h4 id=[id] { (Text(text)) },
                _ => h5 id=[id] { (Text(text)) },
            }
        }
    }
}

/// A term and what it is.
pub(in crate::report) fn render_fact(term: &str, value: &str) -> Markup {
    html! { div { dt { (Text(term)) } dd { (Text(value)) } } }
}

/// A table in a box of its own that scrolls, with the keyboard too: the page itself never does sideways.
pub(in crate::report) fn render_table(caption: &str, columns: &[&str], body: &Markup) -> Markup {
    html! {
        div.scroll role="group" aria-label=(Text(caption)) tabindex="0" {
            table {
                caption { (Text(caption)) }
                thead { tr { @for column in columns { th scope="col" { (Text(column)) } } } }
                (body)
            }
        }
    }
}

/// The first cell of a row.
pub(in crate::report) fn render_row_head(text: &str, below: &str) -> Markup {
    html! {
        th scope="row" {
            code { (Text(text)) }
            @if !below.is_empty() { span.below { (Text(below)) } }
        }
    }
}

/// Lines to copy.
pub(in crate::report) fn render_code_block(label: &str, text: &str) -> Markup {
    html! { pre tabindex="0" aria-label=(Text(label)) role="group" { code { (Text(text)) } } }
}

/// A symbol that the word beside it repeats.
pub(in crate::report) fn render_mark(mark: Mark, word: &str) -> Markup {
    render_mark_with_class(mark.class, mark, word)
}

/// The same with another class.
pub(in crate::report) fn render_mark_with_class(class: &str, mark: Mark, word: &str) -> Markup {
    html! { span class=(class) { span aria-hidden="true" { (mark.symbol) } " " (Text(word)) } }
}

/// Said where not all is shown.
pub(in crate::report) fn render_omitted_note(all: usize, shown: usize) -> Markup {
    html! {
        @if all > shown {
            p.note { (all - shown) " more rows are left out here; the JSON report has them." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_section_ids_have_its_prefix_and_headings_are_deeper() {
        let heading = |place: Placement<'_>| {
            let id = place.id("finding-1-title");
            (place.label("finding-1-title"), place.heading(1, Some(&id), "<h3 id=\"b\">").into_string())
        };
        let text = "&lt;h3 id=&quot;b&quot;&gt;";
        let alone = ("finding-1-title".to_owned(), format!("<h3 id=\"finding-1-title\">{text}</h3>"));
        assert_eq!(heading(Placement::PAGE), alone);
        let nested = "c1-title c1-finding-1-title".to_owned();
        let below = (nested, format!("<h4 id=\"c1-finding-1-title\">{text}</h4>"));
        assert_eq!(heading(Placement::below_section("c1-")), below);
    }
}
