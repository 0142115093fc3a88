//! Any bytes as an article: the file decodes to them (`compress` compares itself) and is hardly longer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::internals::code::article::Effort;
use tenfold::internals::pipeline::article;

fuzz_target!(|content: &[u8]| {
    let file = article::compress_text(content, Effort::None).expect("every article compresses");
    assert!(file.len() <= content.len() + content.len() / 500 + 32);
    let mut decoded = Vec::new();
    article::decompress(&file, &mut decoded).expect("what was compressed decompresses");
    assert_eq!(decoded, content);
});
