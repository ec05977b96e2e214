//! Tables and text of saved pages, as far as hosts need it: no full reader of HTML or Markdown. Everything is in lower case.

/// A table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Table {
    /// The cells of its first row, where that has no host.
    pub(super) heading: Option<Vec<String>>,
    pub(super) rows: Vec<Row>,
}

/// A row, with the line that it begins in, from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

/// All tables of a page: those of HTML, then those of Markdown.
pub(super) fn parse_tables(text: &str) -> Vec<Table> {
    let mut tables = if text.contains("<td") { parse_html(text) } else { Vec::new() };
    tables.extend(parse_markdown(text));
    tables
}

/// Text without markup. What stands for something (`<region>`, `[region]`, `%region%`) is in braces then.
pub(super) fn to_plain_text(text: &str) -> String {
    let text = without_tags(text);
    let text = if text.contains('&') { decode_entities(&text) } else { text };
    let text = without_links(&text);
    let text: String = text.chars().filter(|c| !matches!(c, '\\' | '`') && !is_hidden(*c)).collect();
    brace_placeholders(&text.replace("**", " "))
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn parse_markdown(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut is_open = false;
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        let is_head = lines.peek().is_some_and(|(_, next)| is_separator(next));
        if is_separator(line) || !line.contains('|') || !(is_open || is_head || line.starts_with('|')) {
            is_open = is_open && is_separator(line);
            continue;
        }
        let row = Row { line: number, cells: split_cells(line) };
        match tables.last_mut() {
            Some(table) if is_open && !is_head => table.rows.push(row),
            _ if is_head => tables.push(Table { heading: Some(row.cells), rows: Vec::new() }),
            _ => tables.push(Table { heading: None, rows: vec![row] }),
        }
        is_open = true;
    }
    tables
}

/// `|---|:--:|`.
fn is_separator(line: &str) -> bool {
    line.contains('|')
        && line.contains('-')
        && line.chars().all(|c| matches!(c, '|' | '-' | ':') || c.is_whitespace())
}

fn split_cells(line: &str) -> Vec<String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').filter(|l| !l.ends_with('\\')).unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut is_escaped = false;
    for c in line.chars() {
        match c {
            '|' if !is_escaped => cells.push(String::new()),
            c => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn parse_html(text: &str) -> Vec<Table> {
    let mut page = HtmlParser::default();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        page.push_text(&rest[..at]);
        let Some(end) = rest[at..].find('>') else { break };
        let tag = &rest[at..=at + end];
        rest = &rest[at + end + 1..];
        page.handle_tag(tag);
        // what stands in these is no text, and may look like a table
        for name in ["script", "style"] {
            if tag_name(tag) == name {
                let end = rest.find(&format!("</{name}")).unwrap_or(rest.len());
                page.line += rest[..end].matches('\n').count();
                rest = &rest[end..];
            }
        }
    }
    page.tables.retain(|table| table.heading.is_some() || !table.rows.is_empty());
    page.tables
}

#[derive(Default)]
struct HtmlParser {
    tables: Vec<Table>,
    line: usize,
    is_in_cell: bool,
    is_heading: bool,
}

impl HtmlParser {
    fn push_text(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        if self.is_in_cell {
            self.push_to_cell(text);
        }
    }

    fn push_to_cell(&mut self, text: &str) {
        let row = self.tables.last_mut().and_then(|table| table.rows.last_mut());
        if let Some(cell) = row.and_then(|row| row.cells.last_mut()) {
            cell.push_str(text);
        }
    }

    fn handle_tag(&mut self, tag: &str) {
        match tag_name(tag) {
            "table" => self.tables.push(Table::default()),
            "tr" => self.start_row(),
            name @ ("td" | "th") => {
                if self.tables.last().is_none_or(|table| table.rows.is_empty()) {
                    self.start_row();
                }
                self.is_heading = name == "th" && (self.is_heading || self.is_first_cell());
                if let Some(row) = self.tables.last_mut().and_then(|table| table.rows.last_mut()) {
                    row.cells.push(String::new());
                }
                self.is_in_cell = true;
            }
            "/td" | "/th" => self.is_in_cell = false,
            "/tr" | "/table" => self.end_row(),
            _ if self.is_in_cell => self.push_to_cell(tag),
            _ => {}
        }
        self.line += tag.matches('\n').count();
    }

    fn is_first_cell(&self) -> bool {
        self.tables
            .last()
            .is_some_and(|t| t.rows.len() == 1 && t.rows[0].cells.is_empty() && t.heading.is_none())
    }

    fn start_row(&mut self) {
        self.end_row();
        if self.tables.is_empty() {
            self.tables.push(Table::default());
        }
        let line = self.line + 1;
        self.tables.last_mut().into_iter().for_each(|table| table.rows.push(Row { line, cells: Vec::new() }));
    }

    /// A first row of nothing but `th` is the heading.
    fn end_row(&mut self) {
        self.is_in_cell = false;
        if let Some(table) = self.tables.last_mut().filter(|_| std::mem::take(&mut self.is_heading)) {
            table.heading = table
                .rows
                .pop()
                .map(|row| row.cells.iter().map(|cell| to_plain_text(cell).trim().to_owned()).collect());
        }
    }
}

/// `td`, `/td`; empty where no name follows the bracket.
fn tag_name(tag: &str) -> &str {
    let inside = tag.strip_prefix('<').unwrap_or(tag);
    let end = inside.char_indices().find(|(at, c)| !(c.is_ascii_alphanumeric() || (*at == 0 && *c == '/')));
    &inside[..end.map_or(inside.len(), |(at, _)| at)]
}

/// Tags of HTML are blanks; `<region>` is none, and stays.
fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, after)) = behind.split_once('>') else {
            out.push('<');
            return out + behind;
        };
        if let Some(inner) = inside.rfind('<') {
            // `a < b <region>`: the last one opens
            out.extend(["<", &inside[..inner]]);
            rest = &behind[inner..];
        } else if inside.contains("://") && !inside.contains(char::is_whitespace) {
            // an address that is a link by itself
            out.extend([" ", inside, " "]);
            rest = after;
        } else {
            let name = tag_name(inside).trim_start_matches('/');
            let is_inline = INLINE_TAGS.contains(&name);
            if is_inline || BLOCK_TAGS.contains(&name) || inside.starts_with('!') {
                out.push_str(if is_inline { "" } else { " " });
            } else {
                out.extend(["<", inside, ">"]);
            }
            rest = after;
        }
    }
    out + rest
}

/// The characters that pages write as entities.
fn decode_entities(text: &str) -> String {
    let table = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&#42;", "*"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&amp;", "&"),
    ];
    table.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// `[text](address)` is the text.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("](") {
        let Some((address, after)) = behind.split_once(')') else { break };
        let opened = before.rfind('[').filter(|_| !address.contains("]("));
        match opened {
            Some(at) => out.extend([&before[..at], &before[at + 1..]]),
            None => out.push_str(before),
        }
        rest = after;
    }
    out + rest
}

/// `<region>`, `[region]` and `%region%` become `{region}`, and blanks inside become `_`.
fn brace_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[', '%', '{']) {
        out.push_str(&rest[..at]);
        let close = match rest.as_bytes()[at] {
            b'<' => '>',
            b'[' => ']',
            b'%' => '%',
            _ => '}',
        };
        let behind = &rest[at + 1..];
        let window = behind.char_indices().nth(LONGEST_NAME).map_or(behind, |(end, _)| &behind[..end]);
        if let Some((name, _)) = window.split_once(close).filter(|(name, _)| is_placeholder_name(name)) {
            out.extend(["{", &name.trim().replace([' ', '-'], "_"), "}"]);
            rest = &behind[name.len() + 1..];
        } else {
            out.push(' ');
            rest = behind;
        }
    }
    out + rest
}

fn is_placeholder_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_'))
}

/// Tags that part what stands before and after.
const BLOCK_TAGS: [&str; 12] = ["br", "p", "div", "li", "ul", "ol", "table", "tr", "td", "th", "pre", "img"];

/// Tags that do not.
const INLINE_TAGS: [&str; 15] =
    ["a", "abbr", "b", "bdi", "code", "em", "font", "i", "kbd", "small", "span", "strong", "sup", "u", "wbr"];

/// In characters.
const LONGEST_NAME: usize = 60;
