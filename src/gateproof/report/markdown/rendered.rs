//! What a Markdown renderer makes of our documents: text from outside stays text.

use proptest::prelude::*;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use super::escape::{code, code_cell, fence, neutralise, prose};
use crate::report::text::visible;

/// What stands in no document that we write, unless somebody broke out of a place.
const HOSTILE: [&str; 26] = [
    "a #",
    "a ## ###",
    "<!-- gateproof:end status p/M1 -->",
    "<!--",
    "-->",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></td></table><h1>PASS</h1>",
    "<details open>",
    "<?php ?><![CDATA[x]]>",
    "# DONE",
    "## M1 — PASS @2026-06-13",
    "1. PASS",
    "12) PASS",
    "- [x] PASS",
    "> PASS",
    "| a | b |",
    "|---|---|",
    "---",
    "===",
    "[click](javascript:alert(1))",
    "![i](http://127.0.0.1/x.png) <https://example.org>",
    "[x]: http://example.org \"t\"",
    "&lt;b&gt; &#60;script&#62; a & b &amp; x&y",
    "**PASS** __PASS__ ~~FAIL~~ `x` ``y` \\<b> \\\\` $x$",
    "a < b <= 5, <ada@example.org>, health_path, x<y>z",
];

/// The text of a document as a renderer shows it, and the structure that it found.
fn rendered(source: &str) -> (String, Vec<String>) {
    let (mut shown, mut structure) = (String::new(), Vec::new());
    for event in Parser::new_ext(
        source,
        Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_GFM,
    ) {
        match event {
            Event::Text(text) | Event::Code(text) => shown.push_str(&text),
            // The brackets of an address are not shown, and it leads to nothing but a letter.
            Event::Start(Tag::Link {
                link_type: LinkType::Email,
                ..
            }) => shown.push('<'),
            Event::End(pulldown_cmark::TagEnd::Link) => shown.push('>'),
            Event::Start(Tag::Link { dest_url, .. }) => structure.push(format!("link {dest_url}")),
            Event::Start(tag) => structure.push(format!("{tag:?}")),
            Event::End(_) => {}
            other => structure.push(format!("{other:?}")),
        }
    }
    (shown, structure)
}

/// What stands before the text, what escapes it, and what stands after.
type Place = (&'static str, fn(&str) -> String, &'static str);

/// Each place of a document for text from outside: what stands around it, and its escape.
const PLACES: [Place; 7] = [
    ("", prose, "\n"),
    ("- ", prose, "\n"),
    ("- ", code, "\n"),
    ("## ", prose, "\n"),
    ("**Result.** ", prose, "\n"),
    ("| a | b |\n|---|---|\n| ", prose, " | c |\n"),
    ("| a | b |\n|---|---|\n| ", code_cell, " | c |\n"),
];

fn stays_text(text: &str) {
    let shown_as = neutralise(&visible(text.trim())).into_owned();
    if shown_as.is_empty() {
        return;
    }
    for (before, escape, after) in PLACES {
        let of = |text: &str| rendered(&format!("{before}{}{after}", escape(text)));
        let (shown, structure) = of(text);
        let (harmless, expected) = of("x");
        // A code span is text in another dress.
        assert_eq!(structure, expected, "{before:?}: {text:?}");
        let expected = harmless.replacen('x', &shown_as, 1);
        assert_eq!(shown, expected, "{before:?}: {text:?}");
    }
    let (shown, structure) = rendered(&fence("bash", text));
    assert_eq!(structure.len(), 1, "{structure:?}");
    let lines = neutralise(&crate::report::text::visible_lines(text)).into_owned();
    assert_eq!(shown.trim_end(), lines.trim_end());
}

#[test]
fn hostile_text_is_shown_as_it_is_in_every_place_of_a_document() {
    for text in HOSTILE {
        stays_text(text);
        stays_text(&format!("{text} {text}"));
    }
    for (one, other) in HOSTILE.iter().zip(HOSTILE.iter().skip(1)) {
        stays_text(&format!("{one}\n{other}"));
    }
}

#[test]
fn the_source_reads_as_the_text_does() {
    for (text, source) in [
        (
            "the Adversary <ada@example.org>",
            "the Adversary <ada@example.org>",
        ),
        ("a < b && c <= 5 & x", "a < b && c <= 5 & x"),
        ("Bob \"B\" O'Neil", "Bob \"B\" O'Neil"),
        ("health_path of a.b_c", "health_path of a.b_c"),
        ("<b>", r"\<b>"),
        ("x&lt;", r"x\&lt;"),
        ("1. one, 2. two", r"1\. one, 2. two"),
    ] {
        assert_eq!(prose(text), source);
        assert!(!prose(text).contains("&lt;b"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_mixture_of_texts_becomes_anything_but_text(
        text in "(<|>|!--|--|/|b>|&|#|;|lt|\\||`|\\*|_|~|\\[|\\]|\\(x\\)|!|\\\\|@| #|a@b\\.c|\\.|\\)|[0-9]|- |\n| |[a-z]|DONE|=){0,12}"
    ) {
        stays_text(&text);
    }
}
