//! Sources of programs and settings: blank lines part them, definitions, sections and keys head them.
//!
//! In: text. Out: its [`Page`], with all of the text. No language is parsed: a definition is a line that begins as most languages'
//! definitions do, and what stands directly above it in comments or attributes belongs to it.

use super::page::{Heading, Page};

/// Endings of names.
pub(super) const ENDINGS: [&str; 109] = [
    "py", "pyi", "pyw", "pyx", "rs", "c", "h", "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "ino", "m", "mm", "go",
    "java", "kt", "kts", "scala", "groovy", "gradle", "swift", "cs", "fs", "fsx", "vb", "js", "mjs", "cjs", "jsx",
    "ts", "tsx", "mts", "cts", "php", "rb", "rake", "pl", "pm", "t", "lua", "r", "jl", "sh", "bash", "zsh", "fish",
    "ksh", "ps1", "bat", "cmd", "sql", "hs", "lhs", "ml", "mli", "ex", "exs", "erl", "hrl", "clj", "cljs", "lisp",
    "el", "scm", "rkt", "dart", "zig", "nim", "v", "sv", "vhd", "vhdl", "asm", "s", "f", "f90", "f95", "for", "pas",
    "d", "ada", "adb", "ads", "cu", "cmake", "mk", "mak", "tcl", "vim", "awk", "sed", "proto", "thrift", "graphql",
    "css", "scss", "sass", "less", "yaml", "yml", "toml", "ini", "cfg", "conf", "json",
];

/// Names of files without an ending that says it.
pub(super) const NAMES: [&str; 8] =
    ["makefile", "gnumakefile", "dockerfile", "cmakelists.txt", "rakefile", "gemfile", "jenkinsfile", "vagrantfile"];

/// Words before a definition's.
const MODIFIERS: [&str; 30] = [
    "pub",
    "pub(crate)",
    "pub(super)",
    "async",
    "unsafe",
    "extern",
    "\"C\"",
    "export",
    "default",
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "inline",
    "virtual",
    "override",
    "const",
    "local",
    "partial",
    "sealed",
    "open",
    "data",
    "case",
    "typedef",
    "declare",
    "readonly",
    "constexpr",
];

/// Words that define what is named after them.
const DEFINES: [&str; 30] = [
    "fn",
    "func",
    "function",
    "fun",
    "def",
    "defp",
    "defmodule",
    "sub",
    "proc",
    "procedure",
    "class",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "interface",
    "protocol",
    "extension",
    "object",
    "record",
    "type",
    "mod",
    "module",
    "namespace",
    "package",
    "macro_rules!",
    "service",
    "message",
    "contract",
];

/// Words that begin a line that calls something, in a language where others define by a type.
const CALLS: [&str; 22] = [
    "return", "else", "if", "elif", "while", "for", "switch", "match", "case", "await", "yield", "throw", "raise",
    "new", "delete", "assert", "echo", "print", "import", "from", "with", "not",
];

/// Most words before a C function's bracket: its type, and its name.
const MOST_TYPE_WORDS: usize = 6;

/// Reads a source.
pub(super) fn read(source: &str) -> Page {
    let mut page = Page::default();
    page.show(source, 0..source.len());
    let lines: Vec<(usize, &str)> = page
        .text
        .split_inclusive('\n')
        .scan(0, |start, line| {
            let begins = *start;
            *start += line.len();
            Some((begins, line.trim_end()))
        })
        .collect();
    let keyed = is_keyed(&lines);
    // Where the comments and attributes begin that stand directly above.
    let mut above = None;
    let mut blank_before = true;
    for (index, &(start, line)) in lines.iter().enumerate() {
        let next = lines.get(index + 1).map_or("", |&(_, line)| line);
        let name = section(line).or_else(|| if keyed { key(line) } else { definition(line, next) });
        if blank_before && !line.is_empty() {
            page.paragraphs.push(start);
        }
        if let Some(name) = name {
            let indented = line.len() - line.trim_start().len();
            let range = above.unwrap_or(start + indented)..start + line.len();
            page.headings.push(Heading { range, title: name });
        }
        let text = line.trim_start();
        let belongs_below = ["#", "@", "//", "/*", "*", "--", ";", "%"].iter().any(|mark| text.starts_with(mark));
        above = belongs_below.then(|| above.unwrap_or(start + line.len() - text.len()));
        blank_before = line.is_empty();
    }
    page
}

/// The name in brackets that a line is: a section of settings.
fn section(line: &str) -> Option<String> {
    let name = line.strip_prefix('[')?.split(']').next()?.trim_start_matches('[').trim();
    let is_name = |c: char| c.is_alphanumeric() || " ._-:/\"'".contains(c);
    (line.contains(']') && name.contains(char::is_alphabetic) && name.chars().all(is_name)).then(|| name.to_owned())
}

/// The key that a line without indentation begins with.
fn key(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    let is_name = |c: char| c.is_alphanumeric() || "._-/\"'$ ".contains(c);
    let is_key = key.starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == '\'') && key.chars().all(is_name);
    (is_key && (value.is_empty() || value.starts_with(' '))).then(|| key.trim_matches(['"', '\'']).to_owned())
}

/// Whether most lines without indentation begin with keys, as in YAML.
fn is_keyed(lines: &[(usize, &str)]) -> bool {
    let outer = || lines.iter().filter(|(_, line)| !line.is_empty() && !line.starts_with([' ', '\t', '#', '-']));
    2 * outer().filter(|(_, line)| key(line).is_some()).count() > outer().count()
}

/// The name of what a line begins to define.
fn definition(line: &str, next: &str) -> Option<String> {
    let mut rest = line.trim_start();
    let mut word = "";
    while let Some((first, after)) = rest.split_once([' ', '\t']) {
        (word, rest) = (first, after.trim_start());
        if !MODIFIERS.contains(&word) {
            break;
        }
    }
    // What an implementation is generic over stands before its name.
    if let Some((first, generics)) = word.split_once('<') {
        word = first;
        if !generics.contains('>') {
            rest = rest.split_once('>').map_or("", |(_, after)| after.trim_start());
        }
    }
    if DEFINES.contains(&word) {
        let end = match word {
            "impl" | "extension" => rest.find(['{', ';']),
            _ => rest.find(|c: char| !(c.is_alphanumeric() || "_-.:$!?'".contains(c))),
        };
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches(':').trim();
        return name.contains(char::is_alphabetic).then(|| name.to_owned());
    }
    // A type, a name and a bracket at the beginning of a line, as in C.
    let (head, _) = line.split_once('(')?;
    let words: Vec<&str> = head.split([' ', '\t', '*', '&']).filter(|word| !word.is_empty()).collect();
    let is_name = |word: &&str| word.chars().all(|c| c.is_alphanumeric() || "_:<>~,".contains(c));
    let opens = line.ends_with('{') || next.starts_with(['{', ' ', '\t']) || line.ends_with(')') && !next.is_empty();
    let defines = line.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && (2..=MOST_TYPE_WORDS).contains(&words.len())
        && words.iter().all(is_name)
        && !CALLS.contains(&words[0])
        && !line.ends_with(';')
        && opens;
    defines.then(|| words[words.len() - 1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &str) -> Vec<String> {
        read(text).headings.into_iter().map(|heading| heading.title).collect()
    }

    #[test]
    fn definitions_of_several_languages_head_what_follows() {
        for (text, expected) in [
            (
                "# No heading\nimport os\n\n@cached\nclass Bay(Water):\n    def cross(self):\n        pass\n",
                &["Bay", "cross"][..],
            ),
            (
                "/// Docs.\npub async fn cross<T>(bay: T) -> bool {\n}\nimpl<T> Water for Bay<T> {\n",
                &["cross", "Water for Bay<T>"],
            ),
            (
                "#include <stdio.h>\nstatic char *next_word (line, n)\n    char *line;\n{\n  return skip (line);\n}\nint x = f(1);\n",
                &["next_word"],
            ),
            ("export default function cross(bay) {\n  print (bay)\n}\nconst x = cross(y)\n", &["cross"]),
            ("# No heading\nname: tests\n\non:\n  push:\njobs:\n  - run: make\n", &["name", "on", "jobs"]),
            ("# No heading\n[package.metadata]\nname = \"x\"\n\n[[bin]]\n", &["package.metadata", "bin"]),
        ] {
            assert_eq!(titles(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_above_a_definition_belong_to_it() {
        let text = "x = 1\n\n# Crosses.\n@cached\ndef cross():\n    pass\n";
        let page = read(text);
        assert_eq!((page.headings[0].range.start, page.paragraphs), (7, vec![0, 7]));
    }
}
