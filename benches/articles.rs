//! What the parts of the residual coder are worth, and how fast it is: `cargo bench --bench articles -- FILES`.
//!
//! In: texts. Out: two tables in Markdown. Bytes of the ablations are information without container and settings; the whole
//! file at each effort has everything. Times are of one thread.

use std::time::Instant;
use tenfold::internals::code::article::Effort;
use tenfold::internals::code::residual::{Family, Parameters, Predictor};
use tenfold::internals::pipeline::article;

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let texts: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            (name, std::fs::read(path).unwrap_or_else(|reason| panic!("{path}: {reason}")))
        })
        .collect();
    ablations(&texts);
    println!();
    whole_files(&texts);
}

fn ablations(texts: &[(String, Vec<u8>)]) {
    let whole = Parameters::default;
    let variants: [(&str, Parameters); 7] = [
        ("all", whole()),
        ("no words", whole().without(Family::Words)),
        ("no shape", whole().without(Family::Shape)),
        ("no layout", whole().without(Family::Layout)),
        ("no markup", whole().without(Family::Markup)),
        ("one mixer set", Parameters { one_set: true, ..whole() }),
        ("no final maps", Parameters { final_map_share: 0, ..whole() }),
    ];
    let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
    println!("| text | {} |", names.join(" | "));
    println!("| --- |{}", " ---: |".repeat(names.len()));
    let mut logs = vec![0.0; variants.len()];
    for (name, content) in texts {
        let sizes: Vec<f64> =
            variants.iter().map(|(_, parameters)| information_bytes(content, parameters.clone())).collect();
        logs.iter_mut().zip(&sizes).for_each(|(log, size)| *log += (size / sizes[0]).ln());
        let cells: Vec<String> = sizes.iter().map(|size| format!("{size:.0}")).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    let means: Vec<String> =
        logs.iter().map(|log| format!("{:+.2}%", 100.0 * ((log / texts.len() as f64).exp() - 1.0))).collect();
    println!("| mean | {} |", means.join(" | "));
}

fn information_bytes(content: &[u8], parameters: Parameters) -> f64 {
    let mut predictor = Predictor::new(content.len(), parameters);
    let mut bits = 0.0;
    for &byte in content {
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1 == 1;
            let one = f64::from(predictor.one()) / 65536.0;
            bits -= if bit { one.log2() } else { (1.0 - one).log2() };
            predictor.update(bit);
        }
    }
    bits / 8.0
}

fn whole_files(texts: &[(String, Vec<u8>)]) {
    println!("| text | bytes | effort 1 | effort 2 | effort 3 | encode, KB/s | decode, KB/s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut sums = [0; 4];
    for (name, content) in texts {
        let mut sizes = vec![content.len()];
        let mut rates = Vec::new();
        for level in 1..=3 {
            let start = Instant::now();
            let file = article::with_threads(Some(1), || article::compress_text(content, Effort::of(level)))
                .expect("one thread can be had")
                .expect("every article compresses");
            if level == 1 {
                rates.push(content.len() as f64 / 1000.0 / start.elapsed().as_secs_f64());
                let start = Instant::now();
                article::decompress(&file, &mut std::io::sink()).expect("the file is whole");
                rates.push(content.len() as f64 / 1000.0 / start.elapsed().as_secs_f64());
            }
            sizes.push(file.len());
        }
        sums.iter_mut().zip(&sizes).for_each(|(sum, size)| *sum += size);
        let cells: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        println!("| {name} | {} | {:.0} | {:.0} |", cells.join(" | "), rates[0], rates[1]);
    }
    let cells: Vec<String> = sums.iter().map(ToString::to_string).collect();
    println!("| all | {} | | |", cells.join(" | "));
}
