//! What the parts of the page have in common.

use crate::report::marks::Mark;
use crate::report::markup::Markup;

/// A term and what it is.
pub(in crate::report) fn write_fact(html: &mut Markup, term: &str, value: &str) {
    html.element("div", &[], |html| {
        html.text_element("dt", &[], term);
        html.text_element("dd", &[], value);
    });
}

/// A table in a box of its own that scrolls, with the keyboard too: the page itself never does sideways.
pub(in crate::report) fn write_table(
    html: &mut Markup,
    caption: &str,
    columns: &[&str],
    rows: impl FnOnce(&mut Markup),
) {
    html.line_break();
    html.element(
        "div",
        &[("class", "scroll"), ("role", "group"), ("aria-label", caption), ("tabindex", "0")],
        |html| {
            html.element("table", &[], |html| {
                html.text_element("caption", &[], caption);
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        for column in columns {
                            html.text_element("th", &[("scope", "col")], column);
                        }
                    });
                });
                rows(html);
            });
        },
    );
    html.line_break();
}

/// The first cell of a row.
pub(in crate::report) fn write_row_head(html: &mut Markup, text: &str, below: &str) {
    html.element("th", &[("scope", "row")], |html| {
        html.text_element("code", &[], text);
        if !below.is_empty() {
            html.text_element("span", &[("class", "below")], below);
        }
    });
}

/// Lines to copy.
pub(in crate::report) fn write_code_block(html: &mut Markup, label: &str, text: &str) {
    html.element("pre", &[("tabindex", "0"), ("aria-label", label), ("role", "group")], |html| {
        html.text_element("code", &[], text);
    });
    html.line_break();
}

/// A symbol that the word beside it repeats.
pub(in crate::report) fn write_mark(html: &mut Markup, mark: Mark, word: &str) {
    write_mark_with_class(html, mark.class, mark, word);
}

/// The same with another class.
pub(in crate::report) fn write_mark_with_class(html: &mut Markup, class: &str, mark: Mark, word: &str) {
    html.element("span", &[("class", class)], |html| {
        html.text_element("span", &[("aria-hidden", "true")], mark.symbol);
        html.text(" ");
        html.text(word);
    });
}

/// Said where not all is shown.
pub(in crate::report) fn write_omitted_note(html: &mut Markup, all: usize, shown: usize) {
    if all > shown {
        let text = format!("{} more rows are left out here; the JSON report has them.", all - shown);
        html.text_element("p", &[("class", "note")], &text);
    }
}

/// A time of day without what nobody reads; as it is where it is none.
pub(in crate::report) fn format_timestamp(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => time.to_owned(),
    }
}
