//! Diagnostics as people read them.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, FileId, Sources, Span};

/// One block of lines for each diagnostic, with an empty line between them.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let blocks = diagnostics.iter().map(|diagnostic| block(diagnostic, sources, &renderer) + "\n");
    blocks.collect::<Vec<_>>().join("\n")
}

fn block(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let title = Level::ERROR.primary_title(Cow::from(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for (file, places) in places(diagnostic) {
        let (path, text) = sources.get(file);
        let marks = places.into_iter().map(|(kind, span, label)| mark(kind, range(text, span), label));
        group = group.element(Snippet::source(text).path(path.display().to_string()).annotations(marks));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    renderer.render(&[group])
}

type Place<'a> = (AnnotationKind, Span, &'a str);

/// The places of a diagnostic by file, that of its own span first.
fn places(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<Place<'_>>)> {
    let own = diagnostic.span.map(|span| (AnnotationKind::Primary, span, &*diagnostic.label));
    let context = diagnostic.context.iter().flat_map(|context| &context.0);
    let context = context.map(|(span, label)| (AnnotationKind::Context, *span, label.as_str()));
    let mut files: Vec<(FileId, Vec<Place<'_>>)> = Vec::new();
    for place in own.into_iter().chain(context) {
        match files.iter_mut().find(|(file, _)| *file == place.1.file) {
            Some((_, places)) => places.push(place),
            None => files.push((place.1.file, vec![place])),
        }
    }
    files
}

fn mark<'a>(kind: AnnotationKind, range: Range<usize>, label: &str) -> Annotation<'a> {
    let annotation = kind.span(range);
    if label.is_empty() { annotation } else { annotation.label(normalize_untrusted_str(label)) }
}

/// The part of the span that can be underlined: inside the text, on whole characters, and no further than the end of
/// its first line, since a table's or a long list's whole extent would hide the line that matters.
fn range(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end).max(start);
    let line = text[start..end].find(['\n', '\r']).map_or(end, |length| start + length);
    start..line
}
