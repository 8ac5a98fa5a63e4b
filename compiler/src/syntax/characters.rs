//! Characters that look like others, or like nothing: blanks that are none, letters of other alphabets,
//! quotes of typography, marks that turn the text, carriage returns that end no line.

use crate::diagnostics::slips::{self as says, between};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place, SourceFile, Span};

use super::MAX_ERRORS;
use super::ast::Comment;
use super::items::snake_case;
use super::lowering::offset;

/// Letters of other alphabets, and the Latin ones that they look like.
const TWINS: &[(char, char)] = &[
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('х', 'x'),
    ('у', 'y'),
    ('і', 'i'),
    ('ѕ', 's'),
    ('ј', 'j'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('ο', 'o'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Χ', 'X'),
    ('Ζ', 'Z'),
];

/// Small letters of other alphabets, and how they are written in those of ASCII.
const LETTERS: &[(&str, &str)] = &[
    ("äæ", "ae"),
    ("öøœ", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("àáâãåāăąаαά", "a"),
    ("бβ", "b"),
    ("çćĉċč", "c"),
    ("ďđðдδ", "d"),
    ("èéêëēĕėęěеёэεέ", "e"),
    ("фφ", "f"),
    ("ĝğġģгγ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıиіїιίηή", "i"),
    ("ĵ", "j"),
    ("ķкκ", "k"),
    ("ĺļľŀłлλ", "l"),
    ("мμµ", "m"),
    ("ñńņňнν", "n"),
    ("òóôõōŏőоοόωώ", "o"),
    ("пπ", "p"),
    ("ŕŗřрρ", "r"),
    ("śŝşšșсσς", "s"),
    ("ţťŧțтτ", "t"),
    ("ùúûũūŭůűųу", "u"),
    ("в", "v"),
    ("ŵ", "w"),
    ("ξ", "x"),
    ("ýÿŷйыυύ", "y"),
    ("źżžзζ", "z"),
    ("ж", "zh"),
    ("хχ", "ch"),
    ("ц", "ts"),
    ("ч", "ch"),
    ("ш", "sh"),
    ("щ", "shch"),
    ("ю", "yu"),
    ("я", "ya"),
    ("є", "ye"),
    ("þθ", "th"),
    ("ψ", "ps"),
];

/// What is strange on the line of a mistake, where that is the mistake.
pub(super) fn strange(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let at = said.place;
    let start = source.line_start(at.span.start);
    let line = source.text().get(start as usize..)?.split('\n').next()?;
    if line.is_ascii() {
        return None;
    }
    let outside: Vec<(u32, char)> = outside_strings(line, start);
    if let Some((_, first)) = outside.iter().find(|(_, c)| is_unseen(*c)) {
        let width = |c: char| offset(c.len_utf8());
        let all = outside.iter().filter(|(_, c)| is_unseen(*c));
        let edits = all.map(|(at_byte, c)| {
            let instead = if c.is_whitespace() { " " } else { "" };
            (between(at, *at_byte, at_byte + width(*c)), instead.to_owned())
        });
        let edits: Vec<(Place, String)> = edits.collect();
        let place = edits.first()?.0;
        return Some(says::unseen_character(place, *first, edits));
    }
    let rest = source.text().get(at.span.start as usize..)?;
    match rest.chars().next()? {
        quote @ ('“' | '”' | '„' | '‘' | '’' | '«') => {
            Some(quoted(at, quote, line, at.span.start - start))
        }
        c if c.is_alphabetic() && !c.is_ascii() => Some(word(at, line, at.span.start - start)),
        _ => None,
    }
}

/// Ends of lines that are none: a carriage return alone, where more follows on the line that is not read for
/// it. They are told once, in the place of what they led to.
pub(super) fn lone_returns<'c>(
    source: &SourceFile,
    file: FileId,
    strings: &[Span],
    comments: impl IntoIterator<Item = &'c Comment>,
    told: &mut Vec<Diagnostic>,
) {
    let text = source.text();
    let is_lone =
        |at: &usize| !text.get(at + 1..).is_some_and(|rest| rest.starts_with(['\n', '\r']));
    if !text.contains('\r') {
        return;
    }
    let returns: Vec<u32> =
        text.match_indices('\r').map(|(at, _)| at).filter(is_lone).map(offset).collect();
    let is_in = |spans: &[Span], at: &u32| {
        let next = spans.partition_point(|span| span.start <= *at);
        next.checked_sub(1).and_then(|last| spans.get(last)).is_some_and(|span| *at < span.end)
    };
    let returns: Vec<u32> = returns.into_iter().filter(|at| !is_in(strings, at)).collect();
    let of_line = |at: u32| {
        let start = source.line_start(at);
        let line =
            text.get(start as usize..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        (start, start + offset(line.trim_end().len()))
    };
    let has_lone = |at: u32| {
        let (start, end) = of_line(at);
        let next = returns.partition_point(|one| *one < start);
        returns.get(next).is_some_and(|one| *one < end)
    };
    let is_comment =
        |comment: &Comment| comment.text.starts_with("//") && has_lone(comment.span.start);
    let hides = comments.into_iter().any(is_comment);
    let before = told.len();
    told.retain(|one| one.severity != Severity::Error || !has_lone(one.place.span.start));
    if (hides || told.len() < before)
        && let Some(first) = returns.first()
    {
        let place = |at: u32| Place { file, span: Span::new(at, at + 1) };
        let edits = returns.iter().map(|at| (place(*at), "\n".to_owned())).collect();
        told.push(says::lone_return(place(*first), edits));
        told.sort_by_key(|one| one.place.span);
    }
}

/// The characters of a line that stand in no string and no comment, and where.
fn outside_strings(line: &str, start: u32) -> Vec<(u32, char)> {
    let mut found = Vec::new();
    let mut is_inside = false;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '"' && before != '\\' {
            is_inside = !is_inside;
        } else if c == '/' && before == '/' && !is_inside {
            break;
        } else if !is_inside {
            found.push((start + offset(at), c));
        }
        before = c;
    }
    found
}

/// Blanks that are none of the language, and characters of no width.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
        || c.is_whitespace() && !c.is_ascii()
}

/// `“text”`.
fn quoted(at: Place, quote: char, line: &str, column: u32) -> Diagnostic {
    let rest = line.get(column as usize + quote.len_utf8()..).unwrap_or_default();
    let closing = rest.find(['”', '“', '’', '‘', '»', '"']);
    let inner = closing.and_then(|end| Some((rest.get(..end)?, rest.get(end..)?.chars().next()?)));
    let is_plain = |text: &str| !text.contains(['\\', '$']);
    match inner.filter(|(text, _)| is_plain(text)) {
        Some((text, closing)) => {
            let length = quote.len_utf8() + text.len() + closing.len_utf8();
            let place = between(at, at.span.start, at.span.start + offset(length));
            says::typographic_quotes(place, quote, Some(format!("\"{text}\"")))
        }
        None => says::typographic_quotes(at, quote, None),
    }
}

/// A word with letters of another alphabet.
fn word(at: Place, line: &str, column: u32) -> Diagnostic {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let column = column as usize;
    let before = line.get(..column).unwrap_or_default();
    let start = before.trim_end_matches(is_letter).len();
    let rest = line.get(column..).unwrap_or_default();
    let end = column + rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
    let text = line.get(start..end).unwrap_or_default();
    let from = at.span.start - offset(column - start);
    let place = between(at, from, from + offset(text.len()));
    no_name(place, text, false)
}

/// A word that is no name for its letters; that of a value begins with a small one.
pub(super) fn no_name(place: Place, text: &str, is_value: bool) -> Diagnostic {
    let strange = text.chars().find(|c| !c.is_ascii()).unwrap_or_default();
    if let Some(twins) = text.chars().map(twin).collect::<Option<String>>() {
        return says::twin_letters(
            place,
            text,
            (strange, twin(strange).unwrap_or_default()),
            &twins,
        );
    }
    let better = in_ascii(text).map(|better| if is_value { snake_case(&better) } else { better });
    says::foreign_letters(place, text, strange, better)
}

/// The letter of ASCII that looks like this one.
fn twin(c: char) -> Option<char> {
    match TWINS.iter().find(|(strange, _)| *strange == c) {
        Some((_, ours)) => Some(*ours),
        None => c.is_ascii().then_some(c),
    }
}

/// How a word can be written in letters of ASCII; what has none is left out.
fn in_ascii(text: &str) -> Option<String> {
    let mut plain = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            plain.push(c);
            continue;
        }
        let small = c.to_lowercase().next().unwrap_or(c);
        let Some((_, ours)) = LETTERS.iter().find(|(theirs, _)| theirs.contains(small)) else {
            continue;
        };
        let mut letters = ours.chars();
        let first =
            letters.next().map(|first| if small == c { first } else { first.to_ascii_uppercase() });
        plain.extend(first);
        plain.push_str(letters.as_str());
    }
    let plain = plain.trim_matches('_');
    plain.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| plain.to_owned())
}

/// Tells of marks that turn the direction of the text, wherever they stand: once a line, and not of more lines
/// than errors are told of.
pub(super) fn turned(file: FileId, text: &str, out: &mut Vec<Diagnostic>) {
    if text.is_ascii() {
        return;
    }
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut start = 0;
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = line.find(turns)
            && let Some(c) = line.get(at..).and_then(|rest| rest.chars().next())
        {
            let span = Span::new(offset(start + at), offset(start + at + c.len_utf8()));
            out.push(says::turned_text(Place { file, span }, c));
            count += 1;
            if count == MAX_ERRORS {
                return;
            }
        }
        start += line.len();
    }
}
